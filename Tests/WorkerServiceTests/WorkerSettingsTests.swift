import Feeds
import ServiceKit
import Testing

@testable import WorkerService

/// What a worker shares with feed-api it declares in the same words.
@Suite struct WorkerSettingsTests {
  @Test func everySettingIsThereOnce() {
    let settings = workerSpecification().settings
    let names = settings.map(\.name)
    #expect(Set(names).count == names.count)
    for shared in FeedEngine.Options.jobSettings + [UsageLedger.setting] {
      let own = settings.first { $0.name == shared.name }
      #expect(own?.defaultValue == "\(shared.standard)" && own?.help == shared.help, "\(shared.name)")
    }
    for name in ["postgres", "master-key-file", "data-dir", "storage-dir", "s3-endpoint", "keevo"] {
      #expect(names.contains(name), "\(name)")
    }
    #expect(settings.first { $0.name == "data-dir" }?.defaultValue == "var/worker")
    #expect(settings.first { $0.name == "postgres" }?.isSecret == true)
  }
}
