import Jobs
import KeevoClient
import Model

/// What a plan writes in the end: heads filled, rows encoded.
extension AggregatePlan {
  // MARK: Heads

  /// Fills a head that has lost members, or may now hold more, from the rows of the group's members.
  mutating func refillHead(_ hash: GroupHash) throws(FormatError) {
    guard var header = headers[hash] ?? nil else { return }
    if header.head.count > rules.headMax { header.head.removeLast(header.head.count - rules.headMax) }
    let wanted = min(rules.headMax, Int(clamping: header.activities))
    let lacking = wanted - header.head.count
    defer { headers[hash] = .some(header) }
    guard lacking > 0 else { return }
    let changed = members[hash] ?? [:]
    let last = header.head.last?.id
    let range = AggregateKeys.members(try generation(), hash, after: last)
    guard let stored = ranges[range] else {
      missingRanges.append((range, lacking + changed.count))
      return
    }
    var found: [GroupHeader.Head] = []
    for row in stored {
      guard let id = AggregateKeys.activity(ofMember: row.key.rest) else {
        throw .malformed("the key of a group's member")
      }
      if changed[id] == nil { found.append(.init(id: id, member: try GroupMember(row.value))) }
    }
    for case (let id, let member?) in changed where last.map({ id < $0 }) ?? true {
      found.append(.init(id: id, member: member))
    }
    header.head += found.sorted { $0.id > $1.id }.prefix(lacking)
  }

  // MARK: What is written

  /// The sub-batch's conditions and operations; `nil` when the changes change nothing.
  func write() throws(StoreError) -> (conditions: [Condition], operations: [Operation])? {
    var operations: [Operation] = []
    for id in touchedSets {
      guard let set = sets[id] else { continue }
      let key = AggregateKeys.entries(id)
      if set.isEmpty {
        operations.append(.delete(key))
      } else {
        let encoded = set.encoded()
        operations.append(.put(key, value: encoded.bytes, valueStampAt: encoded.stampAt))
      }
    }
    if operations.isEmpty, touchedHeaders.isEmpty { return nil }
    let state = state ?? AggregateState(format: 0)
    for hash in touchedHeaders { try write(headers[hash] ?? nil, hash, state, &operations) }
    for key in touchedActors {
      let row = AggregateKeys.actor(state.generation, key.group, key.actor)
      let count = actors[key] ?? 0
      operations.append(count == 0 ? .delete(row) : .put(row, value: [1] + FeedKeys.bigEndian(count)))
    }
    for (hash, changed) in members.sorted(by: { $0.key.bytes.lexicographicallyPrecedes($1.key.bytes) }) {
      for (id, member) in changed.sorted(by: { $0.key < $1.key }) {
        let row = AggregateKeys.member(state.generation, hash, id)
        operations.append(member.map { .put(row, value: $0.encoded) } ?? .delete(row))
      }
    }
    operations.append(.put(AggregateKeys.state, value: state.encoded))
    var conditions = [unchanged(AggregateKeys.state)]
    if heedsEdges { conditions.append(unchanged(FeedKeys.edges)) }
    return (conditions, operations)
  }

  private func unchanged(_ key: RowKey) -> Condition {
    (rows[key] ?? nil).map { .versionEquals(key, $0.version) } ?? .absent(key)
  }

  /// A header's two rows, and its places among the unseen and the unread.
  private func write(
    _ header: GroupHeader?, _ hash: GroupHash, _ state: AggregateState, _ operations: inout [Operation]
  ) throws(StoreError) {
    let key = AggregateKeys.header(state.generation, hash)
    var old: GroupHeader?
    if let row = rows[key] ?? nil {
      do { old = try GroupHeader(row.value) } catch { throw .unknownFormat("a group's header: \(error)") }
    }
    if let old, old.position != header?.position {
      for index in AggregateKeys.Index.allCases where index == .order || rules.isNotification {
        operations.append(.delete(AggregateKeys.position(index, state.generation, old.position)))
      }
    }
    guard var header else {
      operations.append(.delete(key))
      return
    }
    let enters = entered.contains(hash)
    if enters { header.entered = .zero }
    let value = header.encoded
    let stampAt = enters ? [GroupHeader.enteredOffset] : []
    let place = AggregateKeys.position(.order, state.generation, header.position)
    operations.append(.put(key, value: value, valueStampAt: stampAt))
    operations.append(.put(place, value: value, valueStampAt: stampAt))
    guard rules.isNotification else { return }
    for (index, isMarked) in [(AggregateKeys.Index.unseen, header.isSeen(state)), (.unread, header.isRead(state))] {
      let row = AggregateKeys.position(index, state.generation, header.position)
      let unmarked = Operation.put(
        row, value: [1] + FeedKeys.bigEndian(header.entered.rawValue), valueStampAt: enters ? [1] : [])
      operations.append(enters || !isMarked ? unmarked : .delete(row))
    }
  }
}
