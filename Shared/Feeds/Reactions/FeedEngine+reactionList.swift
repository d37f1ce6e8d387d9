import Jobs
import KeevoClient
import Model

/// Pages of reactions (feeds R13–R17).
extension FeedEngine {
  public func listReactions(
    _ request: ReactionListRequest, ownChildren: OwnChildrenRequest?, app: AppID
  ) async throws(ReactionError) -> ReactionPage {
    do throws(StoreError) {
      guard let source = try await source(request, app) else { return ReactionPage(reactions: [], hasMore: false) }
      let (records, hasMore) = try await page(source, request, app)
      let trees = try await trees(records.map { ReactionNode(record: $0) }, ownChildren, app)
      return ReactionPage(reactions: trees, hasMore: hasMore)
    } catch {
      throw .feeds(.store(error))
    }
  }

  /// Where the rows of a list are, and what they hold.
  private struct Source {
    enum Rows {
      case records
      case steps(ReactionList)
      case hints
    }
    var partition: Partition
    var space: UInt8
    var prefix: [UInt8]
    var rows: Rows
  }

  /// `nil`: there is nothing to list.
  private func source(_ request: ReactionListRequest, _ app: AppID) async throws(StoreError) -> Source? {
    let kind = request.kind.map { Array($0.utf8) }
    let list: ReactionList
    switch request.scope {
    case .activity(let id): list = ReactionList(id: id, epoch: .zero)
    case .reaction(let id):
      guard let found = try await findReactions([id], app).first ?? nil, found.isLive else { return nil }
      list = found.record.path.children
    case .user(let user):
      return Source(
        partition: ReactionHint.partition(Array(user.utf8), app),
        space: kind == nil ? ReactionHint.space : ReactionHint.kindSpace, prefix: kind.map { $0 + [0] } ?? [],
        rows: .hints)
    }
    let partition = list.partition(app)
    switch (request.userID.map { Array($0.utf8) }, kind) {
    case (nil, nil):
      return Source(
        partition: partition, space: ReactionList.orderSpace, prefix: list.prefix([]), rows: .steps(list))
    case (nil, let kind?):
      return Source(partition: partition, space: ReactionList.bodySpace, prefix: list.prefix([kind]), rows: .records)
    case (let user?, nil):
      return Source(
        partition: partition, space: ReactionList.userSpace, prefix: list.prefix([user]), rows: .steps(list))
    case (let user?, let kind?):
      return Source(
        partition: partition, space: ReactionList.userKindSpace, prefix: list.prefix([user, kind]), rows: .steps(list))
    }
  }

  private func page(
    _ source: Source, _ request: ReactionListRequest, _ app: AppID
  ) async throws(StoreError) -> ([ReactionRecord], Bool) {
    guard let range = Self.range(source.space, source.prefix, request.bounds) else { return ([], false) }
    let wanted = max(0, request.limit) + 1
    var found: [ReactionRecord] = []
    var cursor: [UInt8] = []
    repeat {
      let page = try await store.scan(
        ScanRequest(
          scope: .partition(source.partition, range), reverse: request.bounds.isAscending,
          limit: min(StoreLimits.scanRowsMax, wanted - found.count + 4), cursor: cursor))
      cursor = page.next
      found += try await records(page.rows, source, app)
    } while !cursor.isEmpty && found.count < wanted
    return (Array(found.prefix(wanted - 1)), found.count >= wanted)
  }

  private func records(
    _ rows: [Row], _ source: Source, _ app: AppID
  ) async throws(StoreError) -> [ReactionRecord] {
    switch source.rows {
    case .records:
      return try rows.map { row throws(StoreError) in
        try ReactionRecord.decode(VersionedValue(value: row.value, version: row.version))
      }.compactMap { $0 }
    case .steps(let list):
      let steps = try rows.map { row throws(StoreError) in (list, try Self.step(row)) }
      return try await records(steps, app).compactMap { $0 }
    case .hints:
      var paths: [ReactionPath?] = []
      for row in rows {
        do { paths.append(try ReactionHint(row.value).path) } catch { throw .unknownFormat("reaction hint: \(error)") }
      }
      return try await findReactions(at: paths, app).compactMap { found in
        found.flatMap { $0.isLive ? $0.record : nil }
      }
    }
  }

  /// The rows between the bounds; `nil` if they leave none. Newest first, so the upper bound of ids is where it starts.
  static func range(_ space: UInt8, _ prefix: [UInt8], _ bounds: ReactionBounds) -> RowRange? {
    var range = RowRange(space: space, prefix: prefix)
    func raise(_ start: [UInt8]) { if range.start.lexicographicallyPrecedes(start) { range.start = start } }
    func lower(_ end: [UInt8]) {
      if range.end.isEmpty || end.lexicographicallyPrecedes(range.end) { range.end = end }
    }
    // The least key after an id's is its own with a zero byte.
    if let id = bounds.lessThanOrEqual { raise(prefix + ReactionList.inverted(id)) }
    if let id = bounds.lessThan { raise(prefix + ReactionList.inverted(id) + [0]) }
    if let id = bounds.greaterThanOrEqual { lower(prefix + ReactionList.inverted(id) + [0]) }
    if let id = bounds.greaterThan { lower(prefix + ReactionList.inverted(id)) }
    if !range.end.isEmpty, !range.start.lexicographicallyPrecedes(range.end) { return nil }
    return range
  }

  public func reactionIDs(
    ofUser user: String, after: ActivityID?, limit: Int, app: AppID
  ) async throws(ReactionError) -> [ActivityID] {
    let request = ReactionListRequest(
      scope: .user(user), limit: limit,
      bounds: ReactionBounds(
        greaterThan: after, greaterThanOrEqual: after == nil ? ActivityID(ticks: 0, low: 0, version: 0) : nil))
    do throws(StoreError) {
      guard let source = try await source(request, app) else { return [] }
      return try await page(source, request, app).0.map(\.path.id)
    } catch {
      throw .feeds(.store(error))
    }
  }
}
