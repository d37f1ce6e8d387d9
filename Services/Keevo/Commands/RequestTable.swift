import KeevoClient

/// Which requests a shard has already answered, so that a retry is answered as the first time (B2).
///
/// Each log entry leaves one row with the results of its commands; the row goes when the clients have acknowledged all
/// of them. In memory there is an index of the rows alone. It is a function of the rows, so it is the same after a
/// restart: a client's newest request is acknowledged by a later one only, hence its row is there as long as the client
/// is known.
struct RequestTable: Sendable {
  struct Limits: Equatable, Sendable {
    /// Clients known at a time in one shard.
    var clientsMax = 16_384
    /// Requests of one client that it has not acknowledged.
    var openRequestsMax = 8_192
    /// A client is forgotten after so long without a request, in the time of the log.
    var idleMilliseconds: UInt64 = 3_600_000
  }

  enum Lookup: Equatable {
    case fresh
    /// Answered by the entry of that index.
    case repeated(index: UInt64)
    case refused(CommandResult)
  }

  private struct Client {
    var acknowledgedBelow: UInt64 = 0
    var lastTime: UInt64 = 0
    /// Sequence → entry that answered it.
    var open: [UInt64: UInt64] = [:]
  }

  static let format: UInt8 = 1

  private let limits: Limits
  private var clients: [UInt64: Client] = [:]
  /// How many open requests each entry's row still holds.
  private var rows: [UInt64: Int] = [:]

  init(limits: Limits = Limits()) { self.limits = limits }

  var clientCount: Int { clients.count }
  var rowCount: Int { rows.count }

  func lookup(_ identity: RequestIdentity) -> Lookup {
    guard let client = clients[identity.clientID] else {
      return clients.count < limits.clientsMax
        ? .fresh
        : .refused(.overloaded("over \(limits.clientsMax) clients wrote to this shard within the last hour"))
    }
    if let index = client.open[identity.sequence] { return .repeated(index: index) }
    if identity.sequence < client.acknowledgedBelow {
      return .refused(
        .refused(
          "request \(identity.sequence) comes again after its client had acknowledged all below \(client.acknowledgedBelow)"
        ))
    }
    let stillOpen = client.open.count
    if stillOpen >= limits.openRequestsMax, identity.acknowledgedBelow <= client.acknowledgedBelow {
      return .refused(.overloaded("the client has \(stillOpen) requests that it has not acknowledged"))
    }
    return .fresh
  }

  /// Notes a request answered by entry `index`, and gives up what its client acknowledges with it.
  mutating func note(_ identity: RequestIdentity, index: UInt64, timeMilliseconds: UInt64) -> [UInt64] {
    var client = clients.removeValue(forKey: identity.clientID) ?? Client()
    client.lastTime = timeMilliseconds
    client.open[identity.sequence] = index
    rows[index, default: 0] += 1
    var emptied: [UInt64] = []
    if identity.acknowledgedBelow > client.acknowledgedBelow {
      let span = identity.acknowledgedBelow - client.acknowledgedBelow
      if span <= UInt64(client.open.count) {
        for sequence in client.acknowledgedBelow..<identity.acknowledgedBelow {
          if let row = client.open.removeValue(forKey: sequence) { release(row, &emptied) }
        }
      } else {
        for sequence in client.open.keys.filter({ $0 < identity.acknowledgedBelow }).sorted() {
          if let row = client.open.removeValue(forKey: sequence) { release(row, &emptied) }
        }
      }
      client.acknowledgedBelow = identity.acknowledgedBelow
    }
    clients[identity.clientID] = client
    return emptied
  }

  /// Forgets idle clients, when log time enters a new minute; the rows that become empty. Reckoned from the minute's
  /// begin, so that a restart within it finds the same clients.
  mutating func sweep(timeMilliseconds: UInt64, previous: UInt64) -> [UInt64] {
    guard timeMilliseconds / 60_000 != previous / 60_000 else { return [] }
    return dropIdle(timeMilliseconds)
  }

  private mutating func dropIdle(_ timeMilliseconds: UInt64) -> [UInt64] {
    let minute = timeMilliseconds / 60_000 * 60_000
    var emptied: [UInt64] = []
    for id in clients.filter({ $0.value.lastTime + limits.idleMilliseconds < minute }).keys.sorted() {
      guard let client = clients.removeValue(forKey: id) else { continue }
      for row in client.open.values.sorted() { release(row, &emptied) }
    }
    return emptied
  }

  private mutating func release(_ row: UInt64, _ emptied: inout [UInt64]) {
    guard let count = rows[row] else { return }
    if count == 1 {
      rows.removeValue(forKey: row)
      emptied.append(row)
    } else {
      rows[row] = count - 1
    }
  }

  // MARK: Rows

  /// Format 1: format (1) | the entry's time (8) | number of requests (4) | each: client (8), sequence (8), acknowledged
  /// below (8), result with four bytes of length.
  static func encodeRow(
    timeMilliseconds: UInt64, _ requests: [(identity: RequestIdentity, result: CommandResult)]
  ) -> [UInt8] {
    var writer = ByteWriter(reserving: 13 + 48 * requests.count)
    writer.u8(format)
    writer.u64(timeMilliseconds)
    writer.u32(UInt32(requests.count))
    for request in requests {
      writer.u64(request.identity.clientID)
      writer.u64(request.identity.sequence)
      writer.u64(request.identity.acknowledgedBelow)
      var result = ByteWriter()
      request.result.encode(into: &result)
      writer.long(result.bytes)
    }
    return writer.bytes
  }

  static func decodeRow(
    _ bytes: [UInt8]
  ) throws(StoreError) -> (timeMilliseconds: UInt64, requests: [(identity: RequestIdentity, result: CommandResult)]) {
    var reader = ByteReader(bytes, what: "row of the request table")
    try reader.format(format)
    let time = try reader.u64()
    var requests: [(identity: RequestIdentity, result: CommandResult)] = []
    for _ in 0..<(try reader.count(bytesEach: 28)) {
      let identity = RequestIdentity(
        clientID: try reader.u64(), sequence: try reader.u64(), acknowledgedBelow: try reader.u64())
      var result = ByteReader(try reader.long(), what: "result in the request table")
      requests.append((identity, try CommandResult.decode(&result, timeMilliseconds: time)))
    }
    return (time, requests)
  }

  /// Rebuilds the index from the rows of a state.
  static func load(
    from state: any StateReader, limits: Limits, timeMilliseconds: UInt64
  ) throws(StoreError) -> RequestTable {
    var stored: [(index: UInt64, row: [UInt8])] = []
    try state.scan(from: StoredKey.requestsStart, to: StoredKey.requestsEnd, reverse: false) { key, value in
      stored.append((key.dropFirst(2).reduce(0) { $0 << 8 | UInt64($1) }, Array(value)))
      return true
    }
    var table = RequestTable(limits: limits)
    for (index, row) in stored {
      let (time, requests) = try decodeRow(row)
      for request in requests { table.restore(request.identity, index: index, timeMilliseconds: time) }
    }
    table.dropAcknowledged()
    // Rows that only forgotten clients had are gone already; in the others those clients are skipped.
    _ = table.dropIdle(timeMilliseconds)
    return table
  }

  private mutating func restore(_ identity: RequestIdentity, index: UInt64, timeMilliseconds: UInt64) {
    var client = clients[identity.clientID] ?? Client()
    client.lastTime = max(client.lastTime, timeMilliseconds)
    client.acknowledgedBelow = max(client.acknowledgedBelow, identity.acknowledgedBelow)
    client.open[identity.sequence] = index
    clients[identity.clientID] = client
  }

  /// A row stays while any of its requests is open; the others in it are not.
  private mutating func dropAcknowledged() {
    for id in Array(clients.keys) {
      guard var client = clients[id] else { continue }
      client.open = client.open.filter { $0.key >= client.acknowledgedBelow }
      for row in client.open.values { rows[row, default: 0] += 1 }
      clients[id] = client
    }
  }
}
