import KeevoClient
import Model

/// Marks groups of notification feeds as seen and as read (feeds N).
extension FeedEngine {
  /// Marks groups as they stood at the stamp `upTo`: what has entered since stays unmarked. `shown`: the page's groups.
  func mark(
    _ feed: [UInt8], _ app: AppID, _ marks: GroupMarks, shown: [GroupHash], upTo: Stamp
  ) async throws(StoreError) {
    let partition = FeedKeys.feed(named: feed, app.rawValue)
    var attempt = 0
    while attempt < options.contentionTriesMax {
      guard let row = try await get(partition, AggregateKeys.state), var state = try aggregateState(row) else { return }
      var operations: [Operation] = []
      var isCut = false
      if marks.seen == .all { state.seenAll = max(state.seenAll, upTo) }
      if marks.read == .all { state.readAll = max(state.readAll, upTo) }
      for (mark, index) in [(marks.seen, AggregateKeys.Index.unseen), (marks.read, .unread)] where mark == .all {
        let rest = try await unmarkAll(index, row, state.generation, partition, upTo: upTo)
        operations += rest.operations
        if rest.isCut { isCut = true }
      }
      let seen = try await groups(marks.seen, shown, state.generation, partition)
      let read = try await groups(marks.read, shown, state.generation, partition)
      operations += try await markSome(seen: seen, read: read, state, partition, upTo: upTo)
      if operations.isEmpty, try state == aggregateState(row) { return }
      operations.append(.put(AggregateKeys.state, value: state.encoded))
      let batch = SubBatch(
        partition: partition, conditions: [.versionEquals(AggregateKeys.state, row.version)], operations: operations)
      if try await write([batch], [])[0].applied {
        if isCut { continue }
        return
      }
      attempt += 1
      if attempt > 2 { await runtime.sleep(UInt64.random(in: 1...4) * 500_000 << UInt64(min(attempt, 7))) }
    }
    throw .overloaded("a notification feed is changed by too many at once")
  }

  /// Empties an index: all of it where nothing has changed since the page was read, else what is not newer than the page. `isCut`:
  /// there is more than one write may take away.
  private func unmarkAll(
    _ index: AggregateKeys.Index, _ state: VersionedValue, _ generation: UInt32, _ partition: Partition, upTo: Stamp
  ) async throws(StoreError) -> (operations: [Operation], isCut: Bool) {
    let range = AggregateKeys.positions(index, generation)
    var operations: [Operation] = []
    var cursor: [UInt8] = []
    repeat {
      let page = try await store.scan(
        ScanRequest(scope: .partition(partition, range), limit: StoreLimits.scanRowsMax, cursor: cursor))
      // The rows that one range may take away are limited (`StoreLimits.deleteRangeRowsMax`).
      if cursor.isEmpty, page.next.isEmpty, state.version <= upTo {
        return (page.rows.isEmpty ? [] : [.deleteRange(range)], false)
      }
      for row in page.rows where row.value.count == 9 && Stamp(FeedKeys.integer(row.value[1...])) <= upTo {
        operations.append(.delete(row.key))
      }
      cursor = page.next
    } while !cursor.isEmpty && operations.count < StoreLimits.operationsMax / 4
    return (operations, !cursor.isEmpty)
  }

  /// The groups that a mark names.
  private func groups(
    _ mark: GroupMarks.Mark, _ shown: [GroupHash], _ generation: UInt32, _ partition: Partition
  ) async throws(StoreError) -> Set<GroupHash> {
    switch mark {
    case .nothing, .all: return []
    case .current: return Set(shown)
    case .named(let ids):
      var found: Set<GroupHash> = []
      let entries = try await multiGet(
        ids.map { .init(partition: partition, key: AggregateKeys.entries($0)) })
      for (id, row) in zip(ids, entries) {
        if let row {
          do {
            if let membership = try EntrySet(row.value).membership { found.insert(membership.group) }
          } catch {
            throw .unknownFormat("an entry set: \(error)")
          }
        } else if let header = try await header(of: id, generation, partition) {
          found.insert(header.hash)
        }
      }
      return found
    }
  }

  private func markSome(
    seen: Set<GroupHash>, read: Set<GroupHash>, _ state: AggregateState, _ partition: Partition, upTo: Stamp
  ) async throws(StoreError) -> [Operation] {
    let hashes = seen.union(read).sorted { $0.bytes.lexicographicallyPrecedes($1.bytes) }
    let rows = try await multiGet(
      hashes.map { .init(partition: partition, key: AggregateKeys.header(state.generation, $0)) })
    var operations: [Operation] = []
    for case (let hash, let row?) in zip(hashes, rows) {
      var header: GroupHeader
      do { header = try GroupHeader(row.value) } catch { throw .unknownFormat("a group's header: \(error)") }
      let before = header
      if seen.contains(hash), !header.isSeen(state) {
        header.seenAt = max(header.seenAt, upTo)
        if header.isSeen(state) {
          operations.append(.delete(AggregateKeys.position(.unseen, state.generation, header.position)))
        }
      }
      if read.contains(hash), !header.isRead(state) {
        header.readAt = max(header.readAt, upTo)
        if header.isRead(state) {
          operations.append(.delete(AggregateKeys.position(.unread, state.generation, header.position)))
        }
      }
      if header == before { continue }
      operations.append(.put(AggregateKeys.header(state.generation, hash), value: header.encoded))
      operations.append(
        .put(AggregateKeys.position(.order, state.generation, header.position), value: header.encoded))
    }
    return operations
  }
}
