import EventLoop
import KeevoClient
import Model

extension StoreNode {
  /// A view of a shard that holds everything acknowledged before the call.
  func view(_ shard: Int) async throws(StoreError) -> Shard.View {
    metrics.reads.increment()
    let lease = shards[shard].leaseUntil.load(ordering: .acquiring)
    if lease == .max || (lease > 0 && lease > monotonicNanoseconds()) { return try shards[shard].view() }
    let index: UInt64? = await withUnsafeContinuation { continuation in
      path.readIndex(shard) { continuation.resume(returning: $0) }
    }
    guard let index else { throw .notLeader(hint: nil) }
    // Committed is not yet applied; that takes a few hundred microseconds, unless the node fails meanwhile.
    for _ in 0..<2_000 {
      let view = try shards[shard].view()
      if view.applied.index >= index { return view }
      try? await Task.sleep(nanoseconds: 1_000_000)
    }
    throw .unavailable("shard \(shard) does not get its committed entries applied")
  }

  /// The index of the view that `view` would give.
  private func viewIndex(_ shard: Int) async throws(StoreError) -> UInt64 {
    let lease = shards[shard].leaseUntil.load(ordering: .acquiring)
    if lease == .max || (lease > 0 && lease > monotonicNanoseconds()) { return shards[shard].appliedIndex }
    return try await view(shard).applied.index
  }

  public func get(_ request: GetRequest) async throws(StoreError) -> GetResponse {
    try StoreLimits.check(request.partition)
    try StoreLimits.check(request.key, in: request.partition)
    let view = try await view(shard(of: request.partition))
    return GetResponse(
      row: try view.row(StoredKey.encode(request.partition, request.key)), readStamp: view.readStamp)
  }

  public func multiGet(_ request: MultiGetRequest) async throws(StoreError) -> MultiGetResponse {
    try StoreLimits.check(request)
    var views: [Shard.View?] = Array(repeating: nil, count: shards.count)
    var rows: [VersionedValue?] = []
    rows.reserveCapacity(request.items.count)
    var bytes = 0
    for item in request.items {
      let shard = shard(of: item.partition)
      let own: Shard.View
      if let known = views[shard] {
        own = known
      } else {
        own = try await view(shard)
        views[shard] = own
      }
      let row = try own.row(StoredKey.encode(item.partition, item.key))
      bytes += row?.value.count ?? 0
      guard bytes <= StoreLimits.multiGetBytesMax else {
        throw .invalid("a MultiGet answers at most \(StoreLimits.multiGetBytesMax) bytes: ask for fewer keys at a time")
      }
      rows.append(row)
    }
    return MultiGetResponse(rows: rows)
  }

  // MARK: Scan

  /// A cursor: format (1) | what the last row's key had behind the range's common prefix.
  private static let cursorFormat: UInt8 = 1

  private static func page(
    _ reader: any StateReader, start: [UInt8], end: [UInt8], prefixBytes: Int, reverse: Bool, limit: Int,
    cursor: [UInt8], keysOnly: Bool, withPartition: Bool
  ) throws(StoreError) -> ScannedPage {
    var start = start
    var end = end
    if let format = cursor.first {
      guard format == cursorFormat else { throw .invalid("a cursor of this store begins with \(cursorFormat)") }
      guard cursor.count <= StoreLimits.keyBytesMax + 32 else { throw .invalid("the cursor is too long") }
      let place = start[..<prefixBytes] + cursor.dropFirst()
      if reverse {
        if Array(place).lexicographicallyPrecedes(end) { end = Array(place) }
      } else {
        let behind = Array(place) + [0]
        if start.lexicographicallyPrecedes(behind) { start = behind }
      }
    }
    var page = ScannedPage()
    var lastKey: [UInt8] = []
    var failure: StoreError?
    try reader.scan(from: start, to: end, reverse: reverse) { key, stored in
      if page.rows.count == limit || page.bytes > StoreLimits.pageBytesMax {
        page.next = [cursorFormat] + lastKey.dropFirst(prefixBytes)
        return false
      }
      do throws(StoreError) {
        guard let place = StoredKey.decode(key) else { throw .unknownFormat("a stored key of \(key.count) bytes") }
        let value = keysOnly ? nil : try StoredRow.decode(stored)
        let version: Stamp
        if let value { version = value.version } else { version = try StoredRow.version(stored) }
        page.rows.append(
          Row(
            key: place.key, value: value?.value ?? [], version: version,
            partition: withPartition ? place.partition : nil))
      } catch {
        failure = error
        return false
      }
      page.bytes += key.count + (keysOnly ? 0 : stored.count)
      lastKey = Array(key)
      return true
    }
    if let failure { throw failure }
    return page
  }

  public func scan(_ request: ScanRequest) async throws(StoreError) -> ScanResponse {
    try StoreLimits.checkScan(limit: request.limit)
    let view: Shard.View
    let page: ScannedPage
    switch request.scope {
    case .partition(let partition, let range):
      try StoreLimits.check(partition)
      try Self.check(range, in: partition)
      view = try await self.view(shard(of: partition))
      page = try self.page(
        view, partition, range, reverse: request.reverse, limit: request.limit, cursor: request.cursor,
        keysOnly: request.keysOnly, join: nil
      ).page
    case .shard(let id, let rowClass):
      guard id < UInt32(shards.count) else {
        throw .invalid("there is no shard \(id), the last is \(shards.count - 1)")
      }
      let shard = shards[Int(id)]
      view = try await self.view(Int(id))
      let bounds = StoredKey.bounds(rowClass, slotStart: shard.slotStart, slotEnd: shard.slotEnd)
      page = try Self.page(
        view.reader, start: bounds.start, end: bounds.end, prefixBytes: 1, reverse: request.reverse,
        limit: request.limit, cursor: request.cursor, keysOnly: request.keysOnly, withPartition: true)
    }
    return ScanResponse(
      rows: page.rows, next: page.next, readStamp: view.readStamp, appliedIndex: view.applied.index)
  }

  /// A page of one partition's rows. First pages, which are read again and again, are kept at hand.
  private func page(
    _ view: Shard.View, _ partition: Partition, _ range: RowRange, reverse: Bool, limit: Int, cursor: [UInt8],
    keysOnly: Bool, join: JoinRule?
  ) throws(StoreError) -> HeldPage {
    let bounds = StoredKey.bounds(partition, range)
    let prefixBytes = 9 + partition.name.count
    func read() throws(StoreError) -> HeldPage {
      let page = try Self.page(
        view.reader, start: bounds.start, end: bounds.end, prefixBytes: prefixBytes, reverse: reverse, limit: limit,
        cursor: cursor, keysOnly: keysOnly, withPartition: false)
      var held = HeldPage(start: bounds.start, end: bounds.end, limit: limit, page: page, join: join)
      if let join {
        held.targets = targets(of: page.rows, join, app: partition.app)
      }
      return held
    }
    guard cursor.isEmpty, !reverse, !keysOnly, limit <= Self.heldRowsMax else { return try read() }
    return try view.page(
      prefix: ByteKey(Array(bounds.start[..<prefixBytes])), start: bounds.start, end: bounds.end, limit: limit,
      join: join, read)
  }

  /// Longer pages are not those of a reader.
  private static let heldRowsMax = 256

  /// Where the rows point.
  private func targets(of rows: [Row], _ join: JoinRule, app: UInt32) -> [HeldPage.Target] {
    var previous: [UInt8]?
    return rows.map { row in
      let name = join.partitionName(of: row.key.rest)
      defer { previous = name }
      guard let name else { return .nothing }
      if name == previous { return .same }
      let partition = Partition(app: app, name: name)
      return .row(
        shard: shard(of: partition),
        ByteKey(StoredKey.encode(partition, RowKey(space: join.space, rest: join.rest))))
    }
  }

  // MARK: Scan and join

  public func scanJoin(_ request: ScanJoinRequest) async throws(StoreError) -> ScanJoinResponse {
    try StoreLimits.checkScan(limit: request.limit)
    try StoreLimits.check(request.partition)
    try Self.check(request.range, in: request.partition)
    let join = request.join
    guard join.keyOffset >= 0, join.length >= 1, join.keyOffset <= StoreLimits.keyBytesMax,
      2 * join.length <= StoreLimits.partitionBytesMax, join.rest.count + 2 * join.length <= StoreLimits.keyBytesMax
    else { throw .invalid("a join's offset is from 0, its length 1…\(StoreLimits.partitionBytesMax / 2)") }
    guard request.alsoGet.count <= StoreLimits.multiGetKeysMax else {
      throw .invalid("a ScanJoin reads at most \(StoreLimits.multiGetKeysMax) rows beside")
    }
    for key in request.alsoGet { try StoreLimits.check(key, in: request.partition) }
    let home = shard(of: request.partition)
    var views: [Shard.View?] = Array(repeating: nil, count: shards.count)
    let own = try await view(home)
    views[home] = own
    let held = try page(
      own, request.partition, request.range, reverse: request.reverse, limit: request.limit, cursor: request.cursor,
      keysOnly: false, join: join)
    let page = held.page
    var joined: [ScanJoinResponse.JoinedRow] = []
    joined.reserveCapacity(page.rows.count)
    var next = page.next
    var bytes = 0
    for (row, pointed) in zip(page.rows, held.targets) {
      if bytes > StoreLimits.pageBytesMax, let last = joined.last {
        next = [Self.cursorFormat] + last.row.key.rest
        break
      }
      bytes += row.key.rest.count + row.value.count
      switch pointed {
      case .nothing: joined.append(.init(row: row, joined: .absent))
      case .same: joined.append(.init(row: row, joined: .same))
      case .row(let place, let key):
        let target: Shard.View
        if let known = views[place] {
          target = known
        } else {
          target = try await view(place)
          views[place] = target
        }
        let value = try target.row(key)
        bytes += value?.value.count ?? 0
        joined.append(.init(row: row, joined: value.map { .found($0) } ?? .absent))
      }
    }
    var also: [VersionedValue?] = []
    for key in request.alsoGet {
      let row = try own.row(StoredKey.encode(request.partition, key))
      bytes += row?.value.count ?? 0
      guard bytes <= StoreLimits.pageBytesMax + StoreLimits.multiGetBytesMax else {
        throw .invalid("the rows read beside a ScanJoin have more than \(StoreLimits.multiGetBytesMax) bytes")
      }
      also.append(row)
    }
    return ScanJoinResponse(rows: joined, also: also, next: next, readStamp: own.readStamp)
  }

  // MARK: What has not changed

  public func unchanged(_ request: UnchangedRequest) async throws(StoreError) -> UnchangedResponse {
    try StoreLimits.check(request)
    metrics.reads.increment()
    var moments: [UInt64] = []
    moments.reserveCapacity(shards.count)
    for shard in shards.indices { moments.append(try await viewIndex(shard)) }
    let width = Topology.slots / UInt32(shards.count)
    let unchanged = request.questions.map { question in
      guard question.since.count == shards.count else { return false }
      return question.places.allSatisfy { place in
        let shard = Int(place % Topology.slots / width)
        return shards[shard].isUnchanged(place, since: question.since[shard])
      }
    }
    return UnchangedResponse(unchanged: unchanged, moments: moments)
  }
}
