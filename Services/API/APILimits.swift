import Auth
import HTTP
import Model

/// The limits of feed-api, with their defaults (feeds 1.9); each can be set, see `feedAPISpecification`.
public struct APILimits: Hashable, Sendable {
  /// Bytes of a request body (L21).
  public var bodyBytesMax = 2 << 20
  /// Bytes of the body of an upload (L21).
  public var uploadBytesMax = 20 << 20
  /// Parts of an upload's form, and bytes of the header fields of each.
  public var form = MultipartForm.Limits()
  /// Uploads that wait for a thread to read their forms.
  public var uploadQueueMax = 64
  /// How long the address of an upload is valid; 0: always (M1).
  public var fileURLSeconds = 0
  public var images = ImageLimits()
  public var openGraph = OpenGraphLimits()
  /// Bytes and characters of one activity (L19).
  public var activity = ActivityLimits()
  /// Activities of a feed page (L2).
  public var pageMax = 100
  public var pageDefault = 25
  /// Activities or follows that may be skipped (L3).
  public var offsetMax = 10_000
  /// Groups that one request may mark by their ids.
  public var marksMax = 1_000
  /// Rows of a list of follows (L4).
  public var followListMax = 500
  /// Activities asked by id or by foreign id (L5).
  public var activitiesByIDMax = 100
  /// Activities of one add (L7).
  public var activitiesPerAddMax = 100
  /// Activities of one update or partial update (L6).
  public var activitiesPerUpdateMax = 100
  /// Feeds of one `add_to_many` (L9).
  public var addToManyMax = 5_000
  /// `to` targets of one request (L8).
  public var targetsMax = 100
  /// Relations of `follow_many` and `unfollow_many` (L10).
  public var followManyMax = 2_500
  /// Feed groups named by one request for follow counts.
  public var slugsMax = 50
  /// Ids that one export of a user may hold.
  public var exportMax = 100_000
  /// Updates of one `moderation/status/batch/`, and characters of a text in moderation.
  public var moderationBatchMax = 100
  public var moderationTextMax = 1_000
  /// Activities copied by a follow (L1).
  public var activityCopyMax = 1_000
  public var activityCopyDefault = 100
  /// Bytes of the data of a user, a collection object or a reaction (L20).
  public var entityDataBytesMax = 10 << 10
  /// Users or collection objects of one batch (L11).
  public var entitiesPerRequestMax = 1_000
  /// Reactions of a page (L12).
  public var reactionPageMax = 25
  public var reactionPageDefault = 10
  /// Feeds of `target_feeds` (L16).
  public var reactionTargetsMax = 20
  /// Reactions asked by id.
  public var reactionsByIDMax = 100
  /// Reactions of a kind that an enriched activity shows (L13).
  public var recentReactionsMax = 25
  public var recentReactionsDefault = 5
  /// Actors of `discard_actors`.
  public var discardActorsMax = 1_000
  /// Requests of an app a minute and kind, in this process (C18–C20).
  public var requestsPerMinuteMax = 6_000_000
  /// Bytes of tokens kept whose signature has been checked.
  public var tokenBytesMax = Authenticator.tokenBytesMaxDefault
  /// Bytes of feeds' pages kept as they were given last.
  public var answerBytesMax = AnswerMemory.bytesMaxDefault

  public init() {}
}
