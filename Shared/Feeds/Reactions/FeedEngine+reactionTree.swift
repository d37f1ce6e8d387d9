import KeevoClient
import Model

/// What is shown inside reactions: counts of children, the newest of them, the user's own (feeds R6, R7). A level costs at most
/// three calls to each list side by side, whatever the number of reactions.
extension FeedEngine {
  func trees(
    _ nodes: [ReactionNode], _ own: OwnChildrenRequest?, _ app: AppID
  ) async throws(StoreError) -> [ReactionTree] {
    var out = nodes.map { node -> ReactionTree in
      var tree = ReactionTree(Reaction(node.record, aboveDeletedAt: node.aboveDeletedAt))
      if own != nil { tree.ownChildren = [] }
      return tree
    }
    let parents = nodes.indices.filter { nodes[$0].record.flags.contains(.hasChildren) }
    if parents.isEmpty { return out }
    let lists = parents.map { nodes[$0].record.path.children }
    let pages = try await scans(
      lists.map { scan($0, $0.counts, limit: options.reactionKindsMax, app) }
        + lists.map { scan($0, $0.range(ReactionList.orderSpace), limit: options.latestChildrenMax, app) })
    var live: [Int] = []
    var latest: [[(ReactionList, ReactionPath.Step)]] = []
    for (number, parent) in parents.enumerated() {
      let counts = try pages[number].rows.map { row throws(StoreError) in try Self.count(row) }
      guard nodes[parent].isLive else {
        // Deleted with their parent, softly: none is live.
        out[parent].childrenCounts = counts.map { ReactionCount(kind: $0.kind, count: 0) }
        continue
      }
      out[parent].childrenCounts = counts
      live.append(parent)
      latest.append(
        try pages[parents.count + number].rows.map { row throws(StoreError) in
          (lists[number], try Self.step(row))
        })
    }
    // The own children, of the kinds that have any.
    var owned: [[(ReactionList, ReactionPath.Step)]] = []
    if let own {
      let lists = live.map { (nodes[$0].record.path.children, out[$0].childrenCounts) }
      owned = try await ownSteps(lists, own.userID, own.kinds, app)
    }
    let found = try await records((latest + owned).flatMap { $0 }, app)
    let shown = try await trees(found.compactMap { $0.map { ReactionNode(record: $0) } }, own, app)
    var next = shown[...]
    var kept = found[...]
    func take(_ count: Int) -> [ReactionTree] {
      (0..<count).compactMap { _ in kept.removeFirst() == nil ? nil : next.removeFirst() }
    }
    for (parent, steps) in zip(live, latest) { out[parent].latestChildren = Self.grouped(take(steps.count)) }
    for (parent, steps) in zip(live, owned) { out[parent].ownChildren = Self.grouped(take(steps.count)) }
    return out
  }

  func scan(
    _ list: ReactionList, _ range: RowRange, reverse: Bool = false, limit: Int, _ app: AppID
  ) -> ScanRequest {
    ScanRequest(scope: .partition(list.partition(app), range), reverse: reverse, limit: limit)
  }

  static func count(_ row: Row) throws(StoreError) -> ReactionCount {
    ReactionCount(
      kind: String(decoding: ReactionList.kind(ofCount: row.key), as: UTF8.self),
      count: try ReactionList.number(row.value))
  }

  /// The reaction that a row of an index points at.
  static func step(_ row: Row) throws(StoreError) -> ReactionPath.Step {
    guard row.value.first == 1 else { throw .unknownFormat("an index of reactions") }
    return ReactionPath.Step(id: try ReactionList.id(row.key.rest), epoch: .zero, kind: Array(row.value.dropFirst()))
  }

  /// The newest of each kind that a user, or anybody, has in each list, `ownReactionsMax` of a kind.
  func ownSteps(
    _ lists: [(list: ReactionList, counts: [ReactionCount])], _ user: String?, _ kinds: [String], _ app: AppID
  ) async throws(StoreError) -> [[(ReactionList, ReactionPath.Step)]] {
    var requests: [ScanRequest] = []
    var owners: [(list: Int, kind: [UInt8])] = []
    for (number, (list, counts)) in lists.enumerated() {
      for count in counts where count.count > 0 && (kinds.isEmpty || kinds.contains(count.kind)) {
        let kind = Array(count.kind.utf8)
        let range =
          user.map { list.range(ReactionList.userKindSpace, [Array($0.utf8), kind]) }
          ?? list.range(ReactionList.bodySpace, [kind])
        requests.append(scan(list, range, limit: options.ownReactionsMax, app))
        owners.append((number, kind))
      }
    }
    var out = lists.map { _ in [(ReactionList, ReactionPath.Step)]() }
    for (owner, page) in zip(owners, try await scans(requests)) {
      for row in page.rows {
        out[owner.list].append(
          (lists[owner.list].list, .init(id: try ReactionList.id(row.key.rest), epoch: .zero, kind: owner.kind)))
      }
    }
    return out
  }

  /// The records of reactions in lists; `nil` for those that have gone since their row was read.
  func records(
    _ steps: [(ReactionList, ReactionPath.Step)], _ app: AppID
  ) async throws(StoreError) -> [ReactionRecord?] {
    var found: [ReactionRecord?] = []
    var rest = steps[...]
    while !rest.isEmpty {
      // So many that their bytes stay well below what one call may answer.
      let rows = try await multiGet(
        rest.prefix(options.stepRowsMax).map { .init(partition: $0.partition(app), key: $0.body($1)) })
      found += try rows.map { row throws(StoreError) in try ReactionRecord.decode(row) }
      rest = rest.dropFirst(options.stepRowsMax)
    }
    return found
  }

  /// By kind, in the order of kinds' names; within each as given.
  static func grouped(_ trees: [ReactionTree]) -> [ReactionKind] {
    var kinds: [ReactionKind] = []
    for tree in trees {
      if let index = kinds.firstIndex(where: { $0.kind == tree.reaction.kind }) {
        kinds[index].reactions.append(tree)
      } else {
        kinds.append(ReactionKind(kind: tree.reaction.kind, reactions: [tree]))
      }
    }
    return kinds.sorted { $0.kind.utf8.lexicographicallyPrecedes($1.kind.utf8) }
  }
}
