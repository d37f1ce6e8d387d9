import KeevoClient
import Model

/// Places of groups in a feed's order, and counts by them.
extension GroupReading {
  /// The places between the bounds (feeds G6); `nil` if they leave nothing.
  func range(_ page: PageRequest, _ generation: UInt32) async throws(StoreError) -> RowRange? {
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

  /// Where the group stands that the id names, or that holds the activity of that id (as marks do, feeds N7).
  func place(around id: ActivityID, _ generation: UInt32) async throws(StoreError) -> [UInt8] {
    let base = AggregateKeys.positions(.order, generation).start
    if let row = try await engine.get(partition, AggregateKeys.entries(id)) {
      let entries: EntrySet
      do { entries = try EntrySet(row.value) } catch { throw .unknownFormat("an entry set: \(error)") }
      if let hash = entries.membership?.group,
        let row = try await engine.get(partition, AggregateKeys.header(generation, hash))
      {
        do { return base + (try GroupHeader(row.value)).position.bytes } catch {
          throw .unknownFormat("a group's header: \(error)")
        }
      }
    }
    return base + (try await place(of: id, generation)).first
  }

  /// The groups in an index among the newest that are counted (feeds N2, L18).
  func count(_ index: AggregateKeys.Index, _ state: AggregateState) async throws(StoreError) -> Int {
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
