import Auth
import HTTP

/// What a method and path ask for (feeds 2.1).
enum Route: Hashable, Sendable {
  case readFeed, addActivities, removeActivities
  case listFollowing, listFollowers, follow, unfollow
  case readActivities, followMany, unfollowMany
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
    case notServed = "not_served"
  }

  var kind: Kind {
    switch self {
    case .readFeed: .readFeed
    case .addActivities: .addActivities
    case .removeActivities: .removeActivities
    case .listFollowing, .listFollowers: .listFollows
    case .follow: .follow
    case .unfollow: .unfollow
    case .readActivities: .readActivities
    case .followMany: .followMany
    case .unfollowMany: .unfollowMany
    case .notServed: .notServed
    }
  }

  /// Whether it changes anything.
  var writes: Bool {
    switch self {
    case .addActivities, .removeActivities, .follow, .unfollow, .followMany, .unfollowMany: true
    case .readFeed, .listFollowing, .listFollowers, .readActivities, .notServed: false
    }
  }

  /// The resource a server token must cover (feeds 1.6).
  var resource: APIResource {
    switch self {
    case .readFeed, .addActivities, .removeActivities: .feed
    case .listFollowing, .listFollowers, .follow, .unfollow, .followMany, .unfollowMany: .follower
    case .readActivities: .activities
    case .notServed(_, let resource): resource
    }
  }
}
