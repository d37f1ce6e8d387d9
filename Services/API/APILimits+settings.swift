import HTTP
import ServiceKit

extension APILimits {
  /// One limit as a setting: its name, what it may be, what it bounds.
  private struct Entry: Sendable {
    let name: String
    let range: ClosedRange<Int>
    let path: any WritableKeyPath<APILimits, Int> & Sendable
    let help: String
  }

  private static let requests: [Entry] = [
    Entry(
      name: "activity-bytes-max", range: 256...524_288, path: \.activity.jsonBytesMax,
      help: "bytes of one activity's JSON; more is answered 400"),
    Entry(
      name: "token-bytes-max", range: 0...1 << 30, path: \.tokenBytesMax,
      help: "bytes of tokens kept whose signature has been checked; others are checked at each request"),
    Entry(
      name: "answer-bytes-max", range: 0...1 << 36, path: \.answerBytesMax,
      help: "bytes of feeds' pages kept as they were given last; the store is asked at each read whether they stand"),
    Entry(
      name: "page-max", range: 1...1_000, path: \.pageMax, help: "activities of a page; a greater limit is cut to this"),
    Entry(
      name: "offset-max", range: 0...1_000_000, path: \.offsetMax,
      help: "activities or follows that an offset may skip; more is answered 400"),
    Entry(
      name: "marks-max", range: 1...10_000, path: \.marksMax,
      help: "groups that one request may mark by their ids as seen or as read; more is answered 400"),
    Entry(
      name: "follow-list-max", range: 1...10_000, path: \.followListMax,
      help: "rows of a list of follows; a greater limit is cut to this"),
    Entry(
      name: "activities-by-id-max", range: 1...1_000, path: \.activitiesByIDMax,
      help: "activities that one request may ask for by id; more is answered 400"),
    Entry(
      name: "activities-per-add-max", range: 1...1_000, path: \.activitiesPerAddMax,
      help: "activities that one request may add; more is answered 400"),
    Entry(
      name: "activities-per-update-max", range: 1...1_000, path: \.activitiesPerUpdateMax,
      help: "activities that one request may update; more is answered 400"),
    Entry(
      name: "changed-members-max", range: 1...1_000, path: \.activity.changedMembersMax,
      help: "members that set or unset of a partial update may name; more is answered 400"),
    Entry(
      name: "add-to-many-max", range: 1...9_000, path: \.addToManyMax,
      help: "feeds that one add_to_many may name; more is answered 400"),
    Entry(
      name: "targets-max", range: 1...1_000, path: \.targetsMax,
      help: "feeds that one request may name in to; more is answered 400"),
    Entry(
      name: "follow-many-max", range: 1...10_000, path: \.followManyMax,
      help: "relations of one follow_many or unfollow_many; more is answered 400"),
    Entry(
      name: "slugs-max", range: 1...1_000, path: \.slugsMax,
      help: "feed groups that one request for follow counts may name; more is answered 400"),
    Entry(
      name: "export-max", range: 1...1_000_000, path: \.exportMax,
      help: "ids that the export of a user's data may hold; more is answered 400"),
    Entry(
      name: "moderation-batch-max", range: 1...1_000, path: \.moderationBatchMax,
      help: "updates of one moderation/status/batch; more is answered 400"),
    Entry(
      name: "moderation-text-max", range: 1...100_000, path: \.moderationTextMax,
      help: "characters of a text in moderation; more is answered 400"),
    Entry(
      name: "activity-copy-max", range: 0...1_000, path: \.activityCopyMax,
      help: "the greatest activity_copy_limit of a follow; more is answered 400"),
    Entry(
      name: "entity-data-bytes-max", range: 2...524_288, path: \.entityDataBytesMax,
      help: "bytes of the data of a user, a collection object or a reaction; more is answered 400"),
    Entry(
      name: "entities-per-request-max", range: 1...1_000, path: \.entitiesPerRequestMax,
      help: "users or collection objects of one batch; more is answered 400"),
    Entry(
      name: "reaction-page-max", range: 1...100, path: \.reactionPageMax,
      help: "reactions of a page; a greater limit is cut to this"),
    Entry(
      name: "reaction-targets-max", range: 1...100, path: \.reactionTargetsMax,
      help: "feeds that a reaction may name in target_feeds; more is answered 400"),
    Entry(
      name: "reactions-by-id-max", range: 1...1_000, path: \.reactionsByIDMax,
      help: "reactions that one request may ask for by id; more is answered 400"),
    Entry(
      name: "recent-reactions-max", range: 1...100, path: \.recentReactionsMax,
      help: "reactions of a kind that an enriched activity shows; a greater limit is cut to this"),
    Entry(
      name: "discard-actors-max", range: 0...100_000, path: \.discardActorsMax,
      help: "actors that discard_actors may name; more is answered 400"),
    Entry(
      name: "requests-per-minute-max", range: 1...1_000_000_000, path: \.requestsPerMinuteMax,
      help: "requests of one app and kind that this process answers in a minute; more is answered 429"),
  ]

  private static let uploads: [Entry] = [
    Entry(
      name: "upload-bytes-max", range: 1_024...HTTPServer.Limits.bodyBytesCeiling, path: \.uploadBytesMax,
      help: "bytes of the body of an upload; more is answered 413"),
    Entry(
      name: "upload-parts-max", range: 1...1_000, path: \.form.partsMax,
      help: "parts of an upload's form; more is answered 400"),
    Entry(
      name: "upload-part-header-bytes-max", range: 128...65_536, path: \.form.partHeaderBytesMax,
      help: "bytes of the header fields of a part; more is answered 400"),
    Entry(
      name: "upload-queue-max", range: 1...10_000, path: \.uploadQueueMax,
      help: "uploads that wait to be read; one more is answered 503"),
    Entry(
      name: "file-url-seconds", range: 0...3_153_600_000, path: \.fileURLSeconds,
      help: "how long the address of an upload is valid; 0: always"),
    Entry(
      name: "image-pixels-max", range: 1...1_000_000_000, path: \.images.pixelsMax,
      help: "pixels of an image that is processed, and of what is made of it; more is answered 400"),
    Entry(
      name: "image-side-max", range: 1...65_535, path: \.images.sideMax,
      help: "pixels up to which a side of an image is enlarged; a greater w or h is cut to this"),
    Entry(
      name: "image-jobs-max", range: 1...256, path: \.images.jobsMax, help: "images processed at once, a thread each"),
    Entry(
      name: "image-queue-max", range: 1...10_000, path: \.images.queueMax,
      help: "images that wait to be processed; one more is answered 503"),
    Entry(
      name: "image-app-jobs-max", range: 1...10_000, path: \.images.appJobsMax,
      help: "images of one app being processed or waiting for it; one more is answered 503"),
    Entry(
      name: "image-milliseconds", range: 1...600_000, path: \.images.milliseconds,
      help: "how long an image may wait and be processed; then the request is answered 503"),
  ]

  private static let openGraph: [Entry] = [
    Entry(
      name: "og-bytes-max", range: 1_024...16_777_216, path: \.openGraph.bytesMax,
      help: "bytes read of a page for its Open Graph data; the rest is not fetched"),
    Entry(
      name: "og-milliseconds", range: 1...60_000, path: \.openGraph.milliseconds,
      help: "how long fetching a page may take, waiting, name lookup and redirects included"),
    Entry(
      name: "og-redirects-max", range: 0...20, path: \.openGraph.redirectsMax,
      help: "redirects followed to a page"),
    Entry(
      name: "og-jobs-max", range: 1...256, path: \.openGraph.jobsMax, help: "pages fetched at once, a thread each"),
    Entry(
      name: "og-queue-max", range: 1...10_000, path: \.openGraph.queueMax,
      help: "pages that wait to be fetched; one more is answered 503"),
    Entry(
      name: "og-app-jobs-max", range: 1...10_000, path: \.openGraph.appJobsMax,
      help: "pages of one app being fetched or waiting for it; one more is answered 503"),
    Entry(
      name: "og-items-max", range: 1...1_000, path: \.openGraph.itemsMax,
      help: "images told of a page; also videos, and audios"),
    Entry(
      name: "og-text-max", range: 16...65_536, path: \.openGraph.textMax,
      help: "characters told of a text of a page; a longer address is left out"),
  ]

  private static let entries = requests + uploads + openGraph

  /// The settings, with these defaults.
  public static let settings: [Setting] =
    entries.map { entry in
      Setting(entry.name, .integer(entry.range), default: "\(APILimits()[keyPath: entry.path])", help: entry.help)
    } + [
      Setting(
        "og-allow-private", .flag, default: "false",
        help:
          "whether Open Graph data is fetched from this machine and private networks too: only where no caller is a "
          + "stranger")
    ]

  /// The limits that `configuration` names; the others keep their defaults.
  public init(_ configuration: Configuration) {
    self.init()
    if let bytes = configuration.integer("body-bytes-max") { bodyBytesMax = bytes }
    for entry in Self.entries {
      if let value = configuration.integer(entry.name) { self[keyPath: entry.path] = value }
    }
    openGraph.allowsPrivateAddresses = configuration.flag("og-allow-private")
    activityCopyDefault = min(activityCopyDefault, activityCopyMax)
    pageDefault = min(pageDefault, pageMax)
    reactionPageDefault = min(reactionPageDefault, reactionPageMax)
    recentReactionsDefault = min(recentReactionsDefault, recentReactionsMax)
  }
}
