import Model

/// What enrichment asks of reactions (feeds H2, H6–H12).
extension FeedEngine: ReactionSource {
  public func reactions(
    _ ids: [ActivityID], options: EnrichmentOptions, app: AppID
  ) async throws(FeedError) -> [ReferenceText?] {
    do throws(ReactionError) {
      return try await reactionTrees(ids, ownChildren: Self.ownChildren(options), app: app).map { tree in
        tree.flatMap { $0.reaction.deletedAt == nil ? $0.text : nil }
      }
    } catch {
      throw error.feeds
    }
  }

  public func members(
    of activities: [ActivityID], options: EnrichmentOptions, app: AppID
  ) async throws(FeedError) -> [ReferenceText] {
    var request = ReactionMembersRequest()
    request.own = options.withOwnReactions
    request.ownUserID = options.user
    request.latest = options.withRecentReactions || options.withFirstReactions
    request.isOldestFirst = options.withFirstReactions
    request.counts = options.withReactionCounts
    request.latestPerKind = options.recentReactionsLimit
    request.kinds = options.reactionKinds
    request.ownChildren = Self.ownChildren(options)
    do throws(ReactionError) {
      let found = try await reactionMembers(of: activities, request, app: app)
      return zip(activities, found).map { Self.text($0, $1, options) }
    } catch {
      throw error.feeds
    }
  }

  private static func ownChildren(_ options: EnrichmentOptions) -> OwnChildrenRequest? {
    options.withOwnChildren ? OwnChildrenRequest(userID: options.user, kinds: options.ownChildrenKinds) : nil
  }

  private static func text(
    _ activity: ActivityID, _ members: ReactionMembers, _ options: EnrichmentOptions
  ) -> ReferenceText {
    var text = ReferenceText()
    if let own = members.own {
      text.splice(#","own_reactions":"#)
      ReactionTree.append(own, to: &text)
    }
    if let latest = members.latest {
      text.splice(#","latest_reactions":"#)
      ReactionTree.append(latest, to: &text)
      text.splice(#","latest_reactions_extra":{"#)
      for (index, kind) in latest.enumerated() {
        text.splice("\(index > 0 ? "," : "")\"\(kind.kind)\":{\"next\":\"\(next(activity, kind, options))\"}".utf8)
      }
      text.splice("}")
    }
    if let counts = members.counts {
      text.splice(#","reaction_counts":"#)
      ReactionTree.append(counts, to: &text)
    }
    return text
  }

  /// The address of the rest of a kind (feeds H8); empty when there is none. Its parts need no escaping in JSON.
  private static func next(_ activity: ActivityID, _ kind: ReactionKind, _ options: EnrichmentOptions) -> String {
    guard kind.hasMore, let last = kind.reactions.last?.reaction.id else { return "" }
    let bound = options.withFirstReactions ? "id_gt" : "id_lt"
    // What is no user's name has no reactions, and would have to be escaped.
    let named = options.requestedUser.flatMap { EntityName(user: $0) }
    let user = named.map { "&user_id=\($0.id)" } ?? ""
    return "\(options.origin)/api/v1.0/reaction/activity_id/\(activity)/\(kind.kind)/?\(bound)=\(last)"
      + "&limit=\(options.recentReactionsLimit)&withOwnChildren=\(options.withOwnChildren)\(user)"
  }
}

extension ReactionError {
  /// For callers that only read, and never meet the other cases.
  var feeds: FeedError {
    if case .feeds(let error) = self { error } else { .invalid("\(self)") }
  }
}
