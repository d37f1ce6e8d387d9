import Auth
import Feeds
import JSON
import Model

/// Reactions one by one (feeds 2.9).
extension FeedAPIHandler {
  /// `POST reaction/`.
  func addReaction(_ context: RequestContext, _ document: JSONDocument) async throws(APIError) -> APIAnswer {
    let body = try ReactionBody(document, context, limits)
    guard let kind = try body.name("kind") else { throw Self.fieldError("kind", "this field is required") }
    let parent: ReactionInput.Parent
    // With both, the activity is that of the parent (R5).
    if let reaction = try body.id("parent") {
      parent = .reaction(reaction)
    } else if let activity = try body.id("activity_id") {
      parent = .activity(activity)
    } else {
      throw Self.fieldError("activity_id", "this field is required, or parent")
    }
    let id = try body.id("id")
    let data = try body.data() ?? Array("{}".utf8)
    let targets = try body.targetFeeds() ?? []
    let extra = try body.extraMembers() ?? []
    let user = try actingUser(try body.name("user_id"), context)
    try checkTargets(targets, context)
    if !targets.isEmpty { try checkUsage(context.app) }
    let input = ReactionInput(
      kind: kind, parent: parent, userID: user, id: id, time: context.times?.first, data: data, targetFeeds: targets,
      extraMembers: extra)
    let reaction: Reaction
    do { reaction = try await reactions.addReaction(input, context.change) } catch {
      throw failed(error, context)
    }
    usage?.note(.reactions, app: context.app.id)
    return try await answer(ReactionTree(reaction), status: 201, context)
  }

  /// `GET reaction/{id}/`.
  func getReaction(_ context: RequestContext) async throws(APIError) -> APIAnswer {
    let own = try ownChildren(context)
    try context.authorize(owner: .notYetKnown)
    let id = try reactionID(context)
    let tree = try await tree(id, own, context)
    try context.authorize(owner: .user(tree.reaction.userID))
    return try await answer(tree, status: 200, context)
  }

  /// `PUT reaction/{id}/`: absent or `null` members keep what there is (feeds R10).
  func updateReaction(_ context: RequestContext, _ document: JSONDocument) async throws(APIError) -> APIAnswer {
    let body = try ReactionBody(document, context, limits)
    let change = ReactionChange(
      data: try body.data(), targetFeeds: try body.targetFeeds(), extraMembers: try body.extraMembers())
    try checkTargets(change.targetFeeds ?? [], context)
    if change.targetFeeds?.isEmpty == false { try checkUsage(context.app) }
    let id = try await ownReaction(context)
    do {
      _ = try await reactions.updateReaction(id, change, context.change)
    } catch { throw failed(error, context) }
    return try await answer(try await tree(id, nil, context), status: 201, context)
  }

  /// `DELETE reaction/{id}/` (feeds R11, R12).
  func deleteReaction(_ context: RequestContext) async throws(APIError) -> APIAnswer {
    let soft = context.query.boolean("soft")
    do throws(APIError) {
      let id = try await ownReaction(context)
      do {
        try await reactions.deleteReaction(id, soft: soft, context.change)
      } catch { throw failed(error, context) }
    } catch {
      // The first attempt of the same request may have done it.
      guard context.isRetry, error.status == 404 else { throw error }
    }
    return .empty(status: 200)
  }

  /// `PUT reaction/{id}/restore/` (feeds R12).
  func restoreReaction(_ context: RequestContext) async throws(APIError) -> APIAnswer {
    let id = try await ownReaction(context)
    do {
      _ = try await reactions.restoreReaction(id, context.change)
    } catch .unknown where context.isRetry {
      // The first attempt of the same request may have done it.
    } catch { throw failed(error, context) }
    return try await answer(try await tree(id, nil, context), status: 201, context)
  }

  // MARK: Checks

  /// On whose behalf: the token's user before what the body says (feeds 2.9, A4, P27).
  private func actingUser(_ named: String?, _ context: RequestContext) throws(APIError) -> String {
    if case .user(let own) = context.identity {
      if let named { try context.authorize { id throws(AuthError) in try Authorizer.checkIsSelf(id, user: named) } }
      try context.authorize(owner: .user(own))
      return own
    }
    try context.authorize(Authorizer.checkHasToken)
    guard let user = named ?? context.identity.userID else { throw .missingUser }
    return user
  }

  /// Every target feed must be one that the user may write to in this way (feeds P7, P23).
  private func checkTargets(_ targets: [FeedID], _ context: RequestContext) throws(APIError) {
    for target in targets {
      guard let group = context.app.groups[target.group] else { continue }
      try context.authorize { identity throws(AuthError) in
        try Authorizer.check(identity, .target, feed: target, group: group)
      }
    }
  }

  /// The reaction that the path names; what is no UUID names none (feeds 2.9).
  private func reactionID(_ context: RequestContext) throws(APIError) -> ActivityID {
    let text = context.parameters["id"] ?? ""
    guard let id = ActivityID(text) else { throw .unknownReaction(text) }
    return id
  }

  /// The reaction that the path names, which must exist before it is asked whose it is (feeds P10, P25, P30).
  private func ownReaction(_ context: RequestContext) async throws(APIError) -> ActivityID {
    try context.authorize(owner: .notYetKnown)
    let id = try reactionID(context)
    let found: Reaction?
    do { found = try await reactions.reactions([id], app: context.app.id).first ?? nil } catch {
      throw failed(error, context)
    }
    guard let found else { throw .unknownReaction("\(id)") }
    try context.authorize(owner: .user(found.userID))
    return id
  }

  func failed(_ error: ReactionError, _ context: RequestContext) -> APIError {
    switch error {
    case .feeds(let error): failed(error, context)
    case .unknown: .unknownReaction(context.parameters["id"] ?? "")
    case .unknownParent: Self.fieldError("parent", "there is no such reaction")
    case .tooDeep: Self.fieldError("parent", "reactions have at most three levels")
    case .idTaken:
      APIError(status: 409, code: 22, exception: "ConflictException", detail: "a reaction with this id exists already")
    }
  }

  // MARK: Answers

  private func tree(
    _ id: ActivityID, _ own: OwnChildrenRequest?, _ context: RequestContext
  ) async throws(APIError) -> ReactionTree {
    let found: ReactionTree?
    do { found = try await reactions.reactionTrees([id], ownChildren: own, app: context.app.id).first ?? nil } catch {
      throw failed(error, context)
    }
    guard let found else { throw .unknownReaction("\(id)") }
    return found
  }

  private func answer(
    _ tree: ReactionTree, status: Int, _ context: RequestContext
  ) async throws(APIError) -> APIAnswer {
    var body = try await bodies([tree], context)[0]
    body.removeLast()
    return APIAnswer(status: status, open: body)
  }

  /// Reactions as they are shown, with their users (feeds H12, R2).
  func bodies(_ trees: [ReactionTree], _ context: RequestContext) async throws(APIError) -> [[UInt8]] {
    do { return try await enrichment.bodies(of: trees.map(\.text), app: context.app.id) } catch {
      throw failed(error, context)
    }
  }
}

extension APIError {
  static func unknownReaction(_ id: String) -> APIError {
    APIError(status: 404, code: 16, exception: "DoesNotExistException", detail: "the reaction \(id) does not exist")
  }

  static let missingUser = APIError(
    status: 400, code: 10, exception: "MissingUserException",
    detail: "the request needs a user: name it in user_id, or send a user token")
}
