import Auth
import ControlPlane
import Feeds
import HTTP
import JSON
import Model

/// A request that has passed the checks of its key and token: who asks what, of which app.
struct RequestContext: Sendable {
  let request: HTTPRequest
  let query: RequestQuery
  let route: Route
  /// What the path names.
  let parameters: PathParameters
  let apiKey: String
  let app: AppConfiguration
  /// Names the configuration by which the request is answered, in this process.
  let edition: UInt64
  let identity: Identity
  /// Times for what the request makes: one for each activity without one, one for other writes; `nil`: the feed domain
  /// gives them.
  var times: [ActivityTime]?
  /// Whether an earlier attempt under the same `Idempotency-Key` may have had its effect.
  var isRetry = false
  /// Scheme and host in front of the addresses given in answers, where the operator has set them.
  var publicOrigin: String?
  /// Sixteen bytes that name the request in logs, jobs and events (B22).
  let traceID: [UInt8]

  /// The user whom the audit log names: the token's, else the request's (feeds S2).
  var auditUser: String? { identity.userID ?? query.parameters["user_id"].flatMap { $0.isEmpty ? nil : $0 } }

  /// What the request's changes are: whose, of which app (B22), by whom for the audit log (feeds S2).
  var change: ChangeContext {
    ChangeContext(
      app: app.id, traceID: traceID, author: app.auditLogs ? auditUser.map { .user($0) } ?? .actor : nil,
      indexesActors: app.dataPrivacy)
  }

  /// The document in the body; an empty body counts as `{}` (feeds C5).
  func document() throws(APIError) -> JSONDocument {
    do {
      let isBlank = request.body.allSatisfy { $0 == 0x20 || $0 == 0x0A || $0 == 0x0D || $0 == 0x09 }
      return try JSONDocument(isBlank ? Array("{}".utf8) : request.body)
    } catch { throw APIError(error, body: request.body) }
  }

  /// The feed a path names, without the ending that asks for a format; `nil` if its names are not legal.
  static func feed(_ parameters: PathParameters, _ route: Route) -> FeedID? {
    guard let slug = parameters["slug"], let id = parameters["id"] else { return nil }
    return FeedID(group: slug, id: route == .readFeed ? PageFormat.split(id).id : id)
  }

  /// The feed the path names, in a group that exists.
  func feed() throws(APIError) -> (id: FeedID, group: FeedGroup) {
    guard let feed = Self.feed(parameters, route) else {
      throw .input(
        "a feed's group and id consist of letters, digits, - and _, at most \(FeedID.groupBytesMax) and "
          + "\(FeedID.idBytesMax) of them")
    }
    guard let group = app.groups[feed.group] else { throw .feedConfig("the feed group \(feed.group) does not exist") }
    return (feed, group)
  }

  /// Runs an authorization check with its refusal in the API's shape.
  func authorize(_ check: (Identity) throws(AuthError) -> Void) throws(APIError) {
    do throws(AuthError) { try check(identity) } catch { throw APIError(error) }
  }

  /// Asks the policies about a thing of the route's resource that lies in no feed group: before it is read, with an owner that is
  /// not yet known, and again when it has been.
  func authorize(owner: Authorizer.Owner) throws(APIError) {
    guard mayTouch(owner: owner) else {
      try authorize(Authorizer.checkHasToken)
      throw APIError(AuthError.notPermitted)
    }
  }

  /// Whether the policies let the request touch what is that owner's.
  func mayTouch(owner: Authorizer.Owner) -> Bool {
    do throws(AuthError) {
      try Authorizer.check(
        identity, app.rules, resource: route.ruleResource, action: route.ruleAction(request.method), owner: owner)
      return true
    } catch { return false }
  }
}

extension APIAction {
  /// What a method does (feeds A7).
  init(_ method: HTTPMethod) {
    self =
      switch method {
      case .get, .head, .options: .read
      case .delete: .delete
      case .post, .put, .patch, .other: .write
      }
  }
}
