import Feeds
import ServiceKit
import Testing

@testable import FeedAPIService

/// Limits have settings: their defaults are the code's, and a value given changes that limit alone.
@Suite struct LimitSettingsTests {
  private func value(_ name: String, of settings: [Setting]) -> String? {
    settings.first { $0.name == name }?.defaultValue
  }

  @Test func limitsOfUsersCollectionsAndReactionsAreSettings() throws {
    for (name, path) in [
      ("entity-data-bytes-max", \APILimits.entityDataBytesMax), ("entities-per-request-max", \.entitiesPerRequestMax),
      ("recent-reactions-max", \.recentReactionsMax),
      ("reaction-targets-max", \.reactionTargetsMax), ("reactions-by-id-max", \.reactionsByIDMax),
    ] {
      #expect(value(name, of: APILimits.settings) == "\(APILimits()[keyPath: path])")
      var expected = APILimits()
      expected[keyPath: path] = 7
      #expect(APILimits(Configuration(values: [name: "7"])) == expected)
    }
    #expect(APILimits(Configuration(values: ["recent-reactions-max": "3"])).recentReactionsDefault == 3)
    let small = APILimits(Configuration(values: ["reaction-page-max": "3"]))
    #expect(small.reactionPageMax == 3 && small.reactionPageDefault == 3)
  }

  @Test func limitsOfUploadsImagesAndPagesAreSettings() {
    for (name, path) in [
      ("upload-bytes-max", \APILimits.uploadBytesMax), ("upload-parts-max", \.form.partsMax),
      ("upload-part-header-bytes-max", \.form.partHeaderBytesMax), ("upload-queue-max", \.uploadQueueMax),
      ("file-url-seconds", \.fileURLSeconds), ("image-pixels-max", \.images.pixelsMax),
      ("image-side-max", \.images.sideMax), ("image-jobs-max", \.images.jobsMax),
      ("image-queue-max", \.images.queueMax), ("image-app-jobs-max", \.images.appJobsMax),
      ("image-milliseconds", \.images.milliseconds), ("og-bytes-max", \.openGraph.bytesMax),
      ("og-milliseconds", \.openGraph.milliseconds), ("og-redirects-max", \.openGraph.redirectsMax),
      ("og-jobs-max", \.openGraph.jobsMax), ("og-queue-max", \.openGraph.queueMax),
      ("og-app-jobs-max", \.openGraph.appJobsMax), ("og-items-max", \.openGraph.itemsMax),
      ("og-text-max", \.openGraph.textMax),
    ] {
      #expect(value(name, of: APILimits.settings) == "\(APILimits()[keyPath: path])")
      var expected = APILimits()
      expected[keyPath: path] = 7
      #expect(APILimits(Configuration(values: [name: "7"])) == expected)
    }
    // L21, M11.
    let limits = APILimits()
    #expect(limits.uploadBytesMax == 20 << 20 && limits.openGraph.bytesMax == 1 << 20)
    #expect(limits.openGraph.milliseconds == 5_000 && limits.openGraph.redirectsMax == 5)
    #expect(!limits.openGraph.allowsPrivateAddresses && limits.images.sideMax == 4_096)
    #expect(APILimits(Configuration(values: ["og-allow-private": "true"])).openGraph.allowsPrivateAddresses)
  }

  @Test func limitsOfEnrichmentAreSettings() {
    for (name, path) in [
      ("enrichment-references-max", \Enrichment.Limits.referencesMax), ("enrichment-bytes-max", \.bytesMax),
      ("enrichment-depth-max", \.depthMax),
    ] {
      #expect(value(name, of: Enrichment.Limits.settings) == "\(Enrichment.Limits()[keyPath: path])")
      var expected = Enrichment.Limits()
      expected[keyPath: path] = 7
      #expect(Enrichment.Limits(Configuration(values: [name: "7"])) == expected)
    }
  }

  @Test func everySettingOfTheServiceIsThereOnce() {
    let names = feedAPISpecification().settings.map(\.name)
    #expect(Set(names).count == names.count)
    #expect(names.contains("target-bytes-max") && names.contains("enrichment-depth-max"))
  }
}
