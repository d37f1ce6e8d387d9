import KeevoClient
import Model

/// One read of a feed's groups: the feed's state, then a scan of headers in their order, then the bodies of their heads. What a
/// page costs depends on the page alone; a filtered read looks at `filterScanMax` activities at most, a ranked one at the newest
/// activities of `rankedWindowMax` groups.
struct GroupReading {
  /// A group with those of its newest activities that stand, and that the filter keeps.
  struct Found {
    var header: GroupHeader
    var items: [FeedItem]
    /// Before anything was filtered.
    var newest: FeedItem?
    var score: Double?
  }

  /// Some of a feed's groups in a row.
  struct Window {
    var groups: [Found] = []
    var hasMore = false
    var stop: FlatPage.Stop?
    /// It shows what there was up to here.
    var readStamp: Stamp
  }

  let engine: FeedEngine
  let feed: [UInt8]
  let app: AppID
  let partition: Partition
  private let group: FeedGroup
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

  /// Of notification feeds, what has not been marked (feeds N2).
  func unmarked() async throws(StoreError) -> AggregatedPage.Unmarked? {
    guard group.kind == .notification else { return nil }
    guard let state else { return .init(unseen: 0, unread: 0) }
    return .init(unseen: try await count(.unseen, state), unread: try await count(.unread, state))
  }

  func page(of window: Window, unmarked: AggregatedPage.Unmarked?) -> AggregatedPage {
    AggregatedPage(
      groups: window.groups.map { found in
        let header = found.header
        return ActivityGroup(
          id: header.id, key: header.key, activityCount: Int(clamping: header.activities),
          actorCount: Int(clamping: header.actors), createdAt: header.createdAt,
          updatedAt: ActivityTime(ticks: header.position.updatedTicks), items: found.items, newest: found.newest,
          isSeen: state.map { header.isSeen($0) } ?? false, isRead: state.map { header.isRead($0) } ?? false,
          score: found.score)
      }, hasMore: window.hasMore, unmarked: unmarked, stop: window.stop)
  }

  // MARK: Walking

  /// The groups of a page, or around the one that it names.
  ///
  /// - Parameter newestOnly: only the newest activity of each group is looked up.
  func window(_ page: PageRequest, newestOnly: Bool) async throws(StoreError) -> Window {
    guard let state, let range = try await range(page, state.generation) else { return Window(readStamp: stateStamp) }
    guard let around = page.around else { return try await walk(range, page, newestOnly: newestOnly) }
    var newer = page
    newer.offset = 0
    newer.limit = page.limit / 2
    var older = newer
    let place = try await place(around: around, state.generation)
    var window = Window(readStamp: stateStamp)
    var part = range
    if place.lexicographicallyPrecedes(part.end) { part.end = place }
    if newer.limit > 0, part.start.lexicographicallyPrecedes(part.end) {
      window = try await walk(part, newer, oldestFirst: true, newestOnly: newestOnly)
      window.groups.reverse()
      window.hasMore = false
      window.stop = nil
    }
    older.limit = page.limit - window.groups.count
    part = range
    if part.start.lexicographicallyPrecedes(place) { part.start = place }
    guard part.start.lexicographicallyPrecedes(part.end) else { return window }
    let rest = try await walk(part, older, newestOnly: newestOnly)
    window.groups += rest.groups
    window.hasMore = rest.hasMore
    window.stop = rest.stop
    return window
  }

  private func walk(
    _ range: RowRange, _ page: PageRequest, oldestFirst: Bool = false, newestOnly: Bool
  ) async throws(StoreError) -> Window {
    let isFiltered = !page.filter.isEmpty
    var taker = PageTaker<Found>(page)
    var readStamp: Stamp?
    var cursor: [UInt8] = []
    // Activities that may still be looked at.
    var left = isFiltered ? engine.options.filterScanMax : .max
    var last: ActivityID?
    scanning: repeat {
      let wanted = isFiltered ? engine.options.joinRowsMax : taker.wanted
      let scanned = try await engine.store.scan(
        ScanRequest(
          scope: .partition(partition, range), reverse: oldestFirst,
          limit: min(engine.options.joinRowsMax, max(2, wanted)), cursor: cursor))
      readStamp = readStamp ?? scanned.readStamp
      cursor = scanned.next
      var headers: [GroupHeader] = []
      for row in scanned.rows {
        do { headers.append(try GroupHeader(row.value)) } catch {
          throw .unknownFormat("a group's header: \(error)")
        }
      }
      // What is skipped is not looked into; a filtered offset counts what is kept.
      var rest = headers[...]
      if !isFiltered { rest = rest.dropFirst(taker.pass(headers.count)) }
      while !rest.isEmpty, !taker.isDone {
        guard left > 0 else {
          taker.stop(after: last)
          break scanning
        }
        let part = isFiltered ? rest.prefix(countedPrefix(of: rest, activitiesMax: left)) : rest
        rest = rest.dropFirst(part.count)
        last = part.last?.id
        if isFiltered { left -= part.reduce(0) { $0 + shown($1) } }
        // Groups without items: their activities have gone, and the removal is on its way.
        taker.take(try await kept(try await found(Array(part), newestOnly: newestOnly), page.filter))
      }
    } while !taker.isDone && !cursor.isEmpty
    return Window(
      groups: taker.items, hasMore: taker.hasMore, stop: taker.stop, readStamp: readStamp ?? stateStamp)
  }

  /// How many groups from the first on show that many activities or fewer; at least one.
  private func countedPrefix(of headers: ArraySlice<GroupHeader>, activitiesMax: Int) -> Int {
    var left = min(activitiesMax, engine.options.joinRowsMax)
    var count = 0
    for header in headers {
      left -= shown(header)
      if left < 0, count > 0 { break }
      count += 1
    }
    return count
  }

  /// How many activities a group shows.
  private func shown(_ header: GroupHeader) -> Int { min(header.head.count, AggregateRules(group).headMax) }

  /// What the filter keeps of the groups' activities; groups of which nothing is left go.
  private func kept(_ groups: [Found], _ filter: ActivityFilter) async throws(StoreError) -> [Found] {
    if filter.isEmpty { return groups.filter { !$0.items.isEmpty } }
    var groups = groups
    for index in groups.indices {
      groups[index].items.removeAll { !filter.keeps($0.activity, origin: $0.origin) }
    }
    if filter.discardsDeleted {
      let standing = Set(
        try await engine.standing(groups.flatMap(\.items), filter, app).map(\.activity.id))
      for index in groups.indices { groups[index].items.removeAll { !standing.contains($0.activity.id) } }
    }
    return groups.filter { !$0.items.isEmpty }
  }

  // MARK: Activities

  private func found(_ headers: [GroupHeader], newestOnly: Bool) async throws(StoreError) -> [Found] {
    let most = AggregateRules(group).headMax
    var items = try await items(headers, headMax: newestOnly ? 1 : most)
    if newestOnly {
      // Where the newest has gone meanwhile, the next one that stands is the newest.
      let gone = items.indices.filter { items[$0].isEmpty && headers[$0].head.count > 1 }
      for (index, found) in zip(gone, try await self.items(gone.map { headers[$0] }, headMax: most)) {
        items[index] = Array(found.prefix(1))
      }
    }
    return zip(headers, items).map { Found(header: $0, items: $1, newest: $1.first) }
  }

  /// The activities of the headers' heads that still stand.
  private func items(_ headers: [GroupHeader], headMax: Int) async throws(StoreError) -> [[FeedItem]] {
    let heads = headers.map { $0.head.prefix(headMax) }
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

  // MARK: Ranking

  /// The groups of a ranked page: chosen and ordered by the scores of their newest activities, each activity shown with its own
  /// (feeds K10).
  ///
  /// - Parameter newestOnly: the window holds only the newest activity of each group.
  func ranked(
    _ window: Window, _ request: RankedRequest, newestOnly: Bool
  ) async throws(FeedError) -> Window {
    let ranking = RankedWindow(request)
    let scores = try await scores(window.groups.compactMap(\.items.first), ranking, request.method)
    let chosen = ranking.chosen(scores) { $0 < $1 }
    var page = Window(hasMore: chosen.hasMore, readStamp: window.readStamp)
    page.groups = chosen.places.map { window.groups[$0] }
    if newestOnly {
      do throws(StoreError) {
        let all = try await items(page.groups.map(\.header), headMax: AggregateRules(group).headMax)
        for (index, items) in all.enumerated() {
          let newest = page.groups[index].items[0]
          page.groups[index].items += items.filter { $0.activity.id != newest.activity.id }
        }
      } catch { throw .store(error) }
    }
    let others = page.groups.map { $0.items.dropFirst() }
    var rest = try await self.scores(Array(others.joined()), ranking, request.method)[...]
    for (index, place) in chosen.places.enumerated() {
      page.groups[index].score = scores[place].value
      page.groups[index].items[0] = ranking.dressed(page.groups[index].items[0], scores[place])
      for (other, score) in zip(others[index].indices, rest) {
        page.groups[index].items[other] = ranking.dressed(page.groups[index].items[other], score)
      }
      rest = rest.dropFirst(others[index].count)
    }
    return page
  }

  private func scores(
    _ items: [FeedItem], _ ranking: RankedWindow, _ method: RankingMethod
  ) async throws(FeedError) -> [RankingScorer.Score] {
    let counts: [RankingScorer.Counts]
    do throws(StoreError) { counts = try await engine.counts(method, items.map(\.activity.id), app) } catch {
      throw .store(error)
    }
    do { return try ranking.scores(items, counts: counts) } catch { throw .ranking(error) }
  }
}
