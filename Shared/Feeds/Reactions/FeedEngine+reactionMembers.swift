import KeevoClient
import Model

/// The members that enriched reads add to activities (feeds H6–H11): the counts of all activities of a page side by side, then all
/// lists of their kinds, then what is shown inside the reactions.
extension FeedEngine {
  public func reactionMembers(
    of activities: [ActivityID], _ request: ReactionMembersRequest, app: AppID
  ) async throws(ReactionError) -> [ReactionMembers] {
    let found: [ReactionMembers]?
    do throws(StoreError) { found = try await members(of: activities, request, app) } catch {
      throw .feeds(.store(error))
    }
    guard let found else {
      throw .feeds(
        .invalid(
          "the page would show more than \(options.reactionsPerPageMax) reactions: ask for fewer activities, kinds or reactions"
        ))
    }
    return found
  }

  public func reactionCounts(
    of activities: [ActivityID], app: AppID
  ) async throws(ReactionError) -> [[ReactionCount]] {
    do throws(StoreError) {
      return try await counts(activities.map { ReactionList(id: $0, epoch: .zero) }, app)
    } catch {
      throw .feeds(.store(error))
    }
  }

  private func counts(_ lists: [ReactionList], _ app: AppID) async throws(StoreError) -> [[ReactionCount]] {
    let pages = try await scans(lists.map { scan($0, $0.counts, limit: options.reactionKindsMax, app) })
    return try pages.map { page throws(StoreError) in
      try page.rows.map { row throws(StoreError) in try Self.count(row) }
    }
  }

  /// A list of one kind of one activity.
  private struct Shelf {
    var activity: Int
    var kind: String
  }

  /// `nil` if it would be more than a page may show, which the counts tell before any reaction is read.
  private func members(
    of activities: [ActivityID], _ request: ReactionMembersRequest, _ app: AppID
  ) async throws(StoreError) -> [ReactionMembers]? {
    let lists = activities.map { ReactionList(id: $0, epoch: .zero) }
    let counts = try await counts(lists, app).map { counts in
      counts.filter { request.kinds.isEmpty || request.kinds.contains($0.kind) }
    }
    let most = counts.joined().reduce(0) { sum, kind in
      sum + min(kind.count, request.latest ? request.latestPerKind : 0)
        + min(kind.count, request.own ? options.ownReactionsMax : 0)
    }
    guard most <= options.reactionsPerPageMax else { return nil }
    let latest = request.latest ? try await latest(lists, counts, request, app) : nil
    let own =
      request.own
      ? try await ownSteps(Array(zip(lists, counts)).map { ($0, $1) }, request.ownUserID, [], app) : nil
    let owned = try await records((own ?? []).flatMap { $0 }, app)
    // All that is shown, in one go: the latest, then the own.
    let nodes = (latest ?? []).flatMap(\.records) + owned.compactMap { $0 }
    var trees = try await trees(nodes.map { ReactionNode(record: $0) }, request.ownChildren, app)[...]
    var out = counts.map { counts -> ReactionMembers in
      var members = ReactionMembers()
      if request.counts { members.counts = counts }
      if request.latest { members.latest = [] }
      if request.own { members.own = [] }
      return members
    }
    for item in latest ?? [] where !item.records.isEmpty {
      out[item.shelf.activity].latest?.append(
        ReactionKind(
          kind: item.shelf.kind, reactions: item.records.map { _ in trees.removeFirst() }, hasMore: item.hasMore))
    }
    var kept = owned[...]
    for (index, steps) in (own ?? []).enumerated() {
      out[index].own = Self.grouped(steps.compactMap { _ in kept.removeFirst() == nil ? nil : trees.removeFirst() })
    }
    return out
  }

  private func latest(
    _ lists: [ReactionList], _ counts: [[ReactionCount]], _ request: ReactionMembersRequest, _ app: AppID
  ) async throws(StoreError) -> [(shelf: Shelf, records: [ReactionRecord], hasMore: Bool)] {
    var shelves: [Shelf] = []
    var requests: [ScanRequest] = []
    if request.latestPerKind < 1 { return [] }
    for (index, (list, counts)) in zip(lists, counts).enumerated() {
      for count in counts where count.count > 0 {
        shelves.append(Shelf(activity: index, kind: count.kind))
        requests.append(
          scan(
            list, list.range(ReactionList.bodySpace, [Array(count.kind.utf8)]), reverse: request.isOldestFirst,
            limit: request.latestPerKind, app))
      }
    }
    var out: [(shelf: Shelf, records: [ReactionRecord], hasMore: Bool)] = []
    for (shelf, page) in zip(shelves, try await scans(requests)) {
      var records: [ReactionRecord] = []
      for row in page.rows {
        let found = try ReactionRecord.decode(VersionedValue(value: row.value, version: row.version))
        if let found { records.append(found) }
      }
      out.append((shelf, records, !page.next.isEmpty))
    }
    return out
  }
}
