#if MILLRACE_FAULTS
  extension FeedEngine.Faults {
    /// The name of the setting by which a test build of a service switches a rule off. Other builds have none of this.
    public static let setting = "faults"

    public static let help =
      "a rule of the feed domain switched off, to prove that tests notice: not-idempotent, back-without-copy"

    /// What a word of that setting stands for; `nil` if it is none.
    public init?(_ word: String) {
      switch word {
      case "": self = []
      case "not-idempotent": self = .notIdempotent
      case "back-without-copy": self = .backWithoutCopy
      default: return nil
      }
    }
  }
#endif
