import Auth
import HTTP

extension Route {
  /// The routes of feeds 2.1. Fixed segments win over ids.
  static let router: Router<Route> = {
    var router = Router<Route>()
    func add(_ method: HTTPMethod, _ pattern: String, _ route: Route) {
      router.add(method, "/api/v1.0/" + pattern, route)
    }
    add(.get, "feed/{slug}/{id}/", .readFeed)
    add(.post, "feed/{slug}/{id}/", .addActivities)
    for spelling in ["following", "follows"] {
      add(.get, "feed/{slug}/{id}/\(spelling)/", .listFollowing)
      add(.post, "feed/{slug}/{id}/\(spelling)/", .follow)
      add(.delete, "feed/{slug}/{id}/\(spelling)/{target}/", .unfollow)
    }
    add(.get, "feed/{slug}/{id}/followers/", .listFollowers)
    // A foreign id may contain slashes: all that follows the feed belongs to it (feeds 2.4).
    add(.delete, "feed/{slug}/{id}/{activity...}", .removeActivities)
    add(.post, "feed/add_to_many/", .addToMany)
    add(.post, "feed_targets/{slug}/{id}/activity_to_targets/", .updateTargets)
    add(.get, "activities/", .readActivities)
    add(.get, "enrich/feed/{slug}/{id}/", .readEnrichedFeed)
    add(.get, "enrich/activities/", .readEnrichedActivities)
    add(.get, "personalization/feed/", .readPersonalizedFeed)
    add(.get, "enrich/personalization/feed/", .readEnrichedPersonalizedFeed)
    add(.post, "user/", .addUser)
    add(.get, "user/{id}/", .getUser)
    add(.put, "user/{id}/", .updateUser)
    add(.delete, "user/{id}/", .deleteUser)
    add(.post, "users/", .addUsers)
    add(.get, "users/", .getUsers)
    add(.delete, "users/", .deleteUsers)
    add(.post, "collections/{name}/", .addObject)
    add(.get, "collections/{name}/{id}/", .getObject)
    add(.put, "collections/{name}/{id}/", .updateObject)
    add(.delete, "collections/{name}/{id}/", .deleteObject)
    // An older name of the same (feeds O10).
    for spelling in ["collections", "meta"] {
      add(.post, "\(spelling)/", .upsertObjects)
      add(.get, "\(spelling)/", .selectObjects)
      add(.delete, "\(spelling)/", .deleteObjects)
    }
    add(.post, "activities/", .updateActivities)
    add(.post, "activity/", .changeActivities)
    add(.post, "reaction/", .addReaction)
    add(.get, "reaction/get_many/", .getReactions)
    add(.get, "reaction/{id}/", .getReaction)
    add(.put, "reaction/{id}/", .updateReaction)
    add(.delete, "reaction/{id}/", .deleteReaction)
    add(.put, "reaction/{id}/restore/", .restoreReaction)
    // The first segment says what the second names (feeds 2.9).
    add(.get, "reaction/{id}/{value}/", .listReactions)
    add(.get, "reaction/{id}/{value}/{kind}/", .listReactions)
    add(.post, "follow_many/", .followMany)
    add(.post, "unfollow_many/", .unfollowMany)
    add(.get, "stats/follow/", .followStats)
    for method in [HTTPMethod.get, .post, .put, .patch, .delete] { add(method, "test/auth/digest/", .checkDigest) }
    add(.get, "audit_logs/", .auditLogs)
    add(.post, "data_privacy/delete_activities/", .deleteActivities)
    add(.post, "data_privacy/delete_reactions/", .deleteReactions)
    add(.post, "data_privacy/delete_uploads/", .deleteUploads)
    add(.get, "data_privacy/export_ids/{user}/", .exportIDs)
    add(.post, "moderation/flag/", .flag)
    add(.post, "moderation/status/", .setStatus)
    add(.post, "moderation/status/batch/", .setStatuses)
    add(.delete, "moderation/user/cache/{user}/", .dropModerationCache)
    add(.post, "files/", .uploadFile)
    add(.delete, "files/", .deleteFile)
    add(.post, "images/", .uploadImage)
    add(.get, "images/", .processImage)
    add(.delete, "images/", .deleteImage)
    add(.get, "og/", .readOpenGraph)
    for (methods, pattern, resource) in later {
      for method in methods { add(method, pattern, .notServed("\(method) \(pattern)", resource: resource)) }
    }
    return router
  }()

  /// The rest of the index, which answers 501 until it comes.
  private static let later: [(methods: [HTTPMethod], pattern: String, resource: APIResource)] = [
    ([.post, .get, .delete], "devices/", .everything),
    ([.get, .put], "devices/preferences/", .everything),
    ([.post], "push/", .everything),
    ([.get], "push/{job}/", .everything),
    ([.get], "realtime/presence/", .everything),
  ]
}
