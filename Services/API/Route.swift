import Auth
import HTTP

/// What a method and path ask for (feeds 2.1).
enum Route: Hashable, Sendable {
  case readFeed, addActivities, removeActivities
  case listFollowing, listFollowers, follow, unfollow
  case readActivities, followMany, unfollowMany
  case readEnrichedFeed, readEnrichedActivities
  case readPersonalizedFeed, readEnrichedPersonalizedFeed
  case addUser, getUser, updateUser, deleteUser, addUsers, getUsers, deleteUsers
  case addObject, getObject, updateObject, deleteObject, upsertObjects, selectObjects, deleteObjects
  case addToMany, updateActivities, changeActivities, updateTargets
  case followStats, checkDigest, auditLogs
  case deleteActivities, deleteReactions, deleteUploads, exportIDs
  case flag, setStatus, setStatuses, dropModerationCache
  case addReaction, getReaction, updateReaction, deleteReaction, restoreReaction, listReactions, getReactions
  case uploadFile, uploadImage, deleteFile, deleteImage, processImage, readOpenGraph
  /// An endpoint of the index that has yet to come.
  case notServed(String, resource: APIResource)

  /// Kinds of requests: rate limits and metrics count by them.
  enum Kind: String, Hashable, Sendable, CaseIterable {
    case readFeed = "read_feed"
    case addActivities = "add_activities"
    case removeActivities = "remove_activities"
    case follow, unfollow
    case listFollows = "list_follows"
    case readActivities = "read_activities"
    case followMany = "follow_many"
    case unfollowMany = "unfollow_many"
    case readUsers = "read_users"
    case writeUsers = "write_users"
    case readCollections = "read_collections"
    case writeCollections = "write_collections"
    case addToMany = "add_to_many"
    case updateActivities = "update_activities"
    case updateTargets = "update_targets"
    case followStats = "follow_stats"
    case checkDigest = "check_digest"
    case readPersonalizedFeed = "read_personalized_feed"
    case auditLogs = "audit_logs"
    case dataPrivacy = "data_privacy"
    case moderation
    case readReactions = "read_reactions"
    case writeReactions = "write_reactions"
    case writeFiles = "write_files"
    case processImages = "process_images"
    case readFiles = "read_files"
    case openGraph = "open_graph"
    case notServed = "not_served"
  }

  var kind: Kind {
    switch self {
    case .readFeed, .readEnrichedFeed: .readFeed
    case .addActivities: .addActivities
    case .removeActivities: .removeActivities
    case .listFollowing, .listFollowers: .listFollows
    case .follow: .follow
    case .unfollow: .unfollow
    case .readActivities, .readEnrichedActivities: .readActivities
    case .followMany: .followMany
    case .unfollowMany: .unfollowMany
    case .getUser, .getUsers: .readUsers
    case .addUser, .updateUser, .deleteUser, .addUsers, .deleteUsers: .writeUsers
    case .getObject, .selectObjects: .readCollections
    case .addObject, .updateObject, .deleteObject, .upsertObjects, .deleteObjects: .writeCollections
    case .addToMany: .addToMany
    case .updateActivities, .changeActivities: .updateActivities
    case .updateTargets: .updateTargets
    case .followStats: .followStats
    case .checkDigest: .checkDigest
    case .readPersonalizedFeed, .readEnrichedPersonalizedFeed: .readPersonalizedFeed
    case .auditLogs: .auditLogs
    case .deleteActivities, .deleteReactions, .deleteUploads, .exportIDs: .dataPrivacy
    case .flag, .setStatus, .setStatuses, .dropModerationCache: .moderation
    case .getReaction, .listReactions, .getReactions: .readReactions
    case .addReaction, .updateReaction, .deleteReaction, .restoreReaction: .writeReactions
    case .uploadFile, .uploadImage, .deleteFile, .deleteImage: .writeFiles
    case .processImage: .processImages
    case .readOpenGraph: .openGraph
    case .notServed: .notServed
    }
  }

  /// Whether its body is a form with a file, which may be larger than others (feeds L21).
  var isUpload: Bool { self == .uploadFile || self == .uploadImage }

  /// Whether it changes anything.
  var writes: Bool {
    switch self {
    case .addActivities, .removeActivities, .follow, .unfollow, .followMany, .unfollowMany: true
    case .addUser, .updateUser, .deleteUser, .addUsers, .deleteUsers: true
    case .addObject, .updateObject, .deleteObject, .upsertObjects, .deleteObjects: true
    case .addToMany, .updateActivities, .changeActivities, .updateTargets: true
    case .addReaction, .updateReaction, .deleteReaction, .restoreReaction: true
    case .uploadFile, .uploadImage, .deleteFile, .deleteImage: true
    case .processImage, .readOpenGraph: false
    case .readFeed, .listFollowing, .listFollowers, .readActivities, .notServed: false
    case .getReaction, .listReactions, .getReactions: false
    case .readEnrichedFeed, .readEnrichedActivities, .getUser, .getUsers, .getObject, .selectObjects: false
    case .followStats, .checkDigest, .auditLogs, .exportIDs: false
    case .readPersonalizedFeed, .readEnrichedPersonalizedFeed: false
    case .deleteActivities, .deleteReactions, .deleteUploads: true
    case .flag, .setStatus, .setStatuses, .dropModerationCache: true
    }
  }

  /// Whether it always puts activities into feeds; reactions do so only where they name target feeds.
  var addsToFeeds: Bool {
    switch self {
    case .addActivities, .addToMany, .updateTargets, .follow, .followMany: true
    default: false
    }
  }

  /// The resource a server token must cover (feeds 1.6).
  var resource: APIResource {
    switch self {
    case .readFeed, .readEnrichedFeed, .addActivities, .removeActivities, .addToMany: .feed
    case .updateTargets: .feedTargets
    case .followStats, .checkDigest: .everything
    case .auditLogs: .auditLogs
    case .deleteActivities, .deleteReactions, .deleteUploads, .exportIDs: .dataPrivacy
    case .flag, .setStatus, .setStatuses, .dropModerationCache: .moderation
    case .listFollowing, .listFollowers, .follow, .unfollow, .followMany, .unfollowMany: .follower
    case .readActivities, .readEnrichedActivities, .updateActivities, .changeActivities: .activities
    case .addUser, .getUser, .updateUser, .deleteUser, .addUsers, .getUsers, .deleteUsers: .users
    case .addObject, .getObject, .updateObject, .deleteObject, .upsertObjects, .selectObjects, .deleteObjects:
      .collections
    case .readPersonalizedFeed, .readEnrichedPersonalizedFeed: .personalization
    case .addReaction, .getReaction, .updateReaction, .deleteReaction, .restoreReaction, .listReactions, .getReactions:
      .reactions
    case .uploadFile, .uploadImage, .deleteFile, .deleteImage, .processImage: .files
    case .readOpenGraph: .url
    case .notServed(_, let resource): resource
    }
  }

  /// What an app's own rules call the resource (insight D95); they tell images from files, which tokens do not.
  var ruleResource: String {
    switch self {
    case .uploadImage, .deleteImage, .processImage: "images"
    default: resource.rawValue
    }
  }

  /// What an app's own rules call it, and the table: making another image of one is no mere reading (feeds P11, P25).
  func ruleAction(_ method: HTTPMethod) -> APIAction { self == .processImage ? .write : APIAction(method) }

  /// Another resource that opens it as well: follow counts are asked with `*` and with `follower` (feeds 1.6).
  var otherResource: APIResource? { self == .followStats ? .follower : nil }
}
