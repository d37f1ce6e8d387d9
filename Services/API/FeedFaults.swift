import Feeds
import ServiceKit

/// Rules of the feed domain that a test build (`-DMILLRACE_FAULTS`) can be told to break, so that a test proves that it would
/// notice. Every other build has neither the setting nor a way to switch a rule off.
enum FeedFaults {
  #if MILLRACE_FAULTS
    struct Unknown: Error, CustomStringConvertible {
      var word: String
      var description: String { "there is no fault \(word): \(FeedEngine.Faults.help)" }
    }

    static let settings = [
      Setting(FeedEngine.Faults.setting, .text, default: "", help: FeedEngine.Faults.help)
    ]

    static func read(_ context: ServiceContext) throws -> FeedEngine.Faults {
      let word = context.configuration.string(FeedEngine.Faults.setting) ?? ""
      guard let faults = FeedEngine.Faults(word) else { throw Unknown(word: word) }
      if !faults.isEmpty { context.logger.warning("a rule is switched off for a test", [("faults", word)]) }
      return faults
    }
  #else
    static let settings: [Setting] = []

    static func read(_ context: ServiceContext) throws -> FeedEngine.Faults { [] }
  #endif
}
