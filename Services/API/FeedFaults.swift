import Feeds
import ServiceKit

/// The setting of `FeedEngine.Faults`, in test builds.
enum FeedFaults {
  #if MILLRACE_FAULTS
    static let settings = [
      Setting(FeedEngine.Faults.setting, .text, default: "", help: FeedEngine.Faults.help)
    ]

    static func read(_ context: ServiceContext) throws -> FeedEngine.Faults {
      let word = context.configuration.string(FeedEngine.Faults.setting) ?? ""
      let faults = try FeedEngine.Faults(word: word)
      if !faults.isEmpty { context.logger.warning("a rule is switched off for a test", [("faults", word)]) }
      return faults
    }
  #else
    static let settings: [Setting] = []

    static func read(_ context: ServiceContext) throws -> FeedEngine.Faults { [] }
  #endif
}
