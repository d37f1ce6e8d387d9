import KeevoClient
import Model

/// Reads aggregated and notification feeds (feeds G, N): the feed's state, then one scan of headers in their order, then the
/// bodies of their heads. What a page costs depends on the page alone.
extension FeedEngine {
  public func readGroups(
    _ feed: FeedID, of group: FeedGroup, app: AppID, page: PageRequest, marks: GroupMarks
  ) async throws(FeedError) -> AggregatedPage {
    let format: AggregationFormat
    switch formats.format(of: group) {
    case .format(let compiled): format = compiled
    case .wrong(let error): throw .aggregationFormat(error)
    }
    do throws(StoreError) {
      var reading = try await GroupReading(self, feed: feed.nameBytes, group: group, app: app)
      if group.reaggregate, reading.isOf(anotherFormatThan: format) {
        try await regroup(feed.nameBytes, group, format, app, [])
        reading = try await GroupReading(self, feed: feed.nameBytes, group: group, app: app)
      }
      let (result, shown, readStamp) = try await reading.page(page)
      if group.kind == .notification, !marks.isEmpty {
        try await mark(feed.nameBytes, app, marks, shown: shown, upTo: readStamp)
      }
      return result
    } catch {
      throw .store(error)
    }
  }
}

/// One read of a feed's groups.
struct GroupReading {
  private let engine: FeedEngine
  private let feed: [UInt8]
  private let group: FeedGroup
  private let app: AppID
  private let partition: Partition
  private let state: AggregateState?
  private let stateStamp: Stamp

  init(_ engine: FeedEngine, feed: [UInt8], group: FeedGroup, app: AppID) async throws(StoreError) {
    self.engine = engine
    self.feed = feed
    self.group = group
    self.app = app
    partition = FeedKeys.feed(named: feed, app.rawValue)
    let answer = try await engine.store.get(GetRequest(partition: partition, key: AggregateKeys.state))
    state = try engine.aggregateState(answer.row)
    stateStamp = answer.readStamp
  }

  /// Whether the groups were made by another format (feeds J1a).
  func isOf(anotherFormatThan format: AggregationFormat) -> Bool {
    state.map { $0.groups > 0 && $0.format != format.fingerprint } ?? false
  }

  /// The page, the groups on it, and the stamp up to which it shows what there is.
  func page(_ page: PageRequest) async throws(StoreError) -> (AggregatedPage, [GroupHash], Stamp) {
    let isNotification = group.kind == .notification
    guard let state else {
      let unmarked = isNotification ? AggregatedPage.Unmarked(unseen: 0, unread: 0) : nil
      return (AggregatedPage(groups: [], hasMore: false, unmarked: unmarked), [], stateStamp)
    }
    var unmarked: AggregatedPage.Unmarked?
    if isNotification {
      unmarked = .init(unseen: try await count(.unseen, state), unread: try await count(.unread, state))
    }
    guard let range = try await range(page, state.generation) else {
      return (AggregatedPage(groups: [], hasMore: false, unmarked: unmarked), [], stateStamp)
    }
    var groups: [ActivityGroup] = []
    var hashes: [GroupHash] = []
    var skip = max(0, page.offset)
    var cursor: [UInt8] = []
    var hasMore = false
    var upTo: Stamp?
    repeat {
      let wanted = skip + page.limit - groups.count + 1
      let scanned = try await engine.store.scan(
        ScanRequest(
          scope: .partition(partition, range), limit: min(engine.options.joinRowsMax, max(2, wanted)), cursor: cursor))
      upTo = upTo ?? scanned.readStamp
      cursor = scanned.next
      var headers: [GroupHeader] = []
      for row in scanned.rows {
        do { headers.append(try GroupHeader(row.value)) } catch {
          throw .unknownFormat("a group's header: \(error)")
        }
      }
      // What is skipped is not looked into.
      let skipped = min(skip, headers.count)
      skip -= skipped
      headers.removeFirst(skipped)
      for (header, found) in zip(headers, try await self.items(headers)) {
        // Its activities have gone, and their removal is on its way.
        if found.isEmpty { continue }
        if groups.count < page.limit {
          groups.append(shown(header, found, state))
          hashes.append(header.hash)
        } else {
          hasMore = true
        }
      }
    } while !hasMore && !cursor.isEmpty
    return (AggregatedPage(groups: groups, hasMore: hasMore, unmarked: unmarked), hashes, upTo ?? stateStamp)
  }

  private func shown(_ header: GroupHeader, _ items: [FeedItem], _ state: AggregateState) -> ActivityGroup {
    ActivityGroup(
      id: header.id, key: header.key, activityCount: Int(clamping: header.activities),
      actorCount: Int(clamping: header.actors), createdAt: header.createdAt,
      updatedAt: ActivityTime(ticks: header.position.updatedTicks), items: items, isSeen: header.isSeen(state),
      isRead: header.isRead(state))
  }

  /// The activities of the headers' heads that still stand.
  private func items(_ headers: [GroupHeader]) async throws(StoreError) -> [[FeedItem]] {
    let heads = headers.map { $0.head.prefix(AggregateRules(group).headMax) }
    var rows: [VersionedValue?] = []
    // A call's answer is limited in bytes (`StoreLimits.multiGetBytesMax`).
    var wanted = Array(heads.joined())[...]
    while !wanted.isEmpty {
      let part = wanted.prefix(max(1, engine.options.joinRowsMax))
      wanted = wanted.dropFirst(part.count)
      rows += try await engine.multiGet(
        part.map { .init(partition: FeedKeys.activity($0.id, app), key: FeedKeys.record) })
    }
    var citations: [(record: ActivityRecord?, key: EntryKey)] = []
    for (item, row) in zip(heads.joined(), rows) {
      let key = EntryKey(item.id, via: item.member.via, placement: item.member.placement, edge: .zero)
      citations.append((try engine.record(row), key))
    }
    let placements = try await engine.cited(citations, in: feed, app)
    var next = 0
    var out: [[FeedItem]] = []
    for head in heads {
      var items: [FeedItem] = []
      for item in head {
        defer { next += 1 }
        guard let record = citations[next].record, let row = rows[next], let placement = placements[next] else {
          continue
        }
        let origin = item.member.via == 0 ? nil : FeedID(nameBytes: placement.feed)
        items.append(FeedItem(activity: record.stored(item.id, version: row.version), origin: origin))
      }
      out.append(items)
    }
    return out
  }

  // MARK: Bounds

  /// The places between the bounds (feeds G6); `nil` if they leave nothing.
  private func range(_ page: PageRequest, _ generation: UInt32) async throws(StoreError) -> RowRange? {
    var range = AggregateKeys.positions(.order, generation)
    let base = range.start
    func raise(_ bound: [UInt8]) { if range.start.lexicographicallyPrecedes(bound) { range.start = bound } }
    func lower(_ bound: [UInt8]) { if bound.lexicographicallyPrecedes(range.end) { range.end = bound } }
    if let id = page.idLessThanOrEqual { raise(base + (try await place(of: id, generation)).first) }
    if let id = page.idLessThan { raise(base + (try await place(of: id, generation)).after) }
    if let id = page.idGreaterThan { lower(base + (try await place(of: id, generation)).first) }
    if let id = page.idGreaterThanOrEqual { lower(base + (try await place(of: id, generation)).after) }
    return range.start.lexicographicallyPrecedes(range.end) ? range : nil
  }

  /// Where the named group stands, and what comes right after it. An id that names none stands for all groups updated in its
  /// microsecond.
  private func place(
    of id: ActivityID, _ generation: UInt32
  ) async throws(StoreError) -> (first: [UInt8], after: [UInt8]) {
    if let header = try await engine.header(of: id, generation, partition) {
      let place = header.position.bytes
      return (place, place + [0])
    }
    let ticks = FeedKeys.bigEndian(~id.ticks)
    // Behind every place that begins so.
    return (ticks, ticks + [UInt8](repeating: 0xFF, count: GroupPosition.bytes))
  }

  // MARK: Counts

  /// The groups in an index among the newest that are counted (feeds N2, L18).
  private func count(_ index: AggregateKeys.Index, _ state: AggregateState) async throws(StoreError) -> Int {
    let most = engine.options.groupsCountedMax
    let unmarked = try await engine.store.scan(
      ScanRequest(
        scope: .partition(partition, AggregateKeys.positions(index, state.generation)), limit: most, keysOnly: true)
    ).rows
    if unmarked.isEmpty || state.groups <= UInt64(most) { return unmarked.count }
    let newest = try await engine.store.scan(
      ScanRequest(
        scope: .partition(partition, AggregateKeys.positions(.order, state.generation)), limit: most, keysOnly: true)
    ).rows
    guard let last = newest.last?.key.rest.suffix(GroupPosition.bytes) else { return 0 }
    return unmarked.count { !last.lexicographicallyPrecedes($0.key.rest.suffix(GroupPosition.bytes)) }
  }
}

extension FeedEngine {
  func aggregateState(_ row: VersionedValue?) throws(StoreError) -> AggregateState? {
    guard let row else { return nil }
    do { return try AggregateState(row.value) } catch { throw .unknownFormat("a feed's state: \(error)") }
  }

  /// The header of the group with that id.
  func header(
    of id: ActivityID, _ generation: UInt32, _ partition: Partition
  ) async throws(StoreError) -> GroupHeader? {
    let rows = try await store.scan(
      ScanRequest(
        scope: .partition(partition, AggregateKeys.headers(generation, idLow: id.low)), limit: Self.collisionsMax)
    ).rows
    for row in rows {
      do {
        let header = try GroupHeader(row.value)
        if header.id == ActivityID(ticks: id.ticks, low: id.low) { return header }
      } catch {
        throw .unknownFormat("a group's header: \(error)")
      }
    }
    return nil
  }

  /// Groups of a feed whose hashes agree in 56 bits: there are hardly ever two.
  private static var collisionsMax: Int { 16 }
}
