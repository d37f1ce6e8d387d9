#if MILLRACE_FAULTS
  /// Rules of the feed domain that a test build can be told to break, so that a test proves that it would notice. Every other
  /// build has neither the setting nor a way to switch a rule off.
  extension FeedEngine.Faults {
    /// The name of the setting by which a test build of a service switches a rule off.
    public static let setting = "faults"

    public static let help =
      "a rule of the feed domain switched off, to prove that tests notice: not-idempotent, back-without-copy"

    /// A word of that setting which stands for no rule.
    public struct Unknown: Error, Hashable, CustomStringConvertible {
      public var word: String
      public var description: String { "there is no fault \(word): \(help)" }
    }

    /// What a word of that setting stands for; nothing for none.
    public init(word: String) throws(Unknown) {
      switch word {
      case "": self = []
      case "not-idempotent": self = .notIdempotent
      case "back-without-copy": self = .backWithoutCopy
      default: throw Unknown(word: word)
      }
    }
  }
#endif
