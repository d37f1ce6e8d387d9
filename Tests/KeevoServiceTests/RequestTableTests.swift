import KeevoClient
import Testing

@testable import KeevoService

private let home = Partition(app: 1, "home")
private let counter = RowKey(space: 0x63)

/// A machine that can be restarted from its state.
private struct Shop {
  let state = MemoryState()
  let limits: ShardStateMachine.Limits
  var machine: ShardStateMachine
  var next: UInt64 = 1

  init(_ requests: RequestTable.Limits = .init()) throws {
    limits = ShardStateMachine.Limits(requests: requests)
    machine = try ShardStateMachine(state: state, limits: limits)
  }

  mutating func restart() throws { machine = try ShardStateMachine(state: state, limits: limits) }

  /// Adds one to the counter under an identity; all of one entry.
  mutating func add(_ identities: [RequestIdentity], at time: UInt64 = 1_000) throws -> [CommandResult] {
    let commands = identities.map {
      CommandEncoding.encode(
        Command(
          identity: $0, traceID: [],
          body: .write([
            SubBatch(
              partition: home, operations: [.add(counter, delta: 1)], scanAfter: RowRange(space: 0x63),
              scanAfterLimit: 1)
          ])))
    }
    let payload = CommandEncoding.encodeEntry(timeMilliseconds: time, commands: commands)
    let applied = try machine.apply(LogEntry(term: 1, index: next, kind: .command, payload: payload), on: state)
    next += 1
    try state.commit(applied.batch)
    return applied.results
  }

  var count: UInt8 {
    get throws { try state.value(StoredKey.encode(home, counter)).map { try StoredRow.decode($0).value[0] } ?? 0 }
  }

  var rows: Int {
    get throws {
      var rows = 0
      try state.scan(from: StoredKey.requestsStart, to: StoredKey.requestsEnd, reverse: false) { _, _ in
        rows += 1
        return true
      }
      return rows
    }
  }
}

private func id(_ client: UInt64, _ sequence: UInt64, below: UInt64 = 0) -> RequestIdentity {
  RequestIdentity(clientID: client, sequence: sequence, acknowledgedBelow: below)
}

@Suite struct RequestTableTests {
  @Test func aRetryIsAnsweredAsTheFirstTimeAndChangesNothing() throws {
    var shop = try Shop()
    let first = try shop.add([id(1, 1)])
    _ = try shop.add([id(1, 2)])
    #expect(try shop.add([id(1, 1)], at: 9_000) == first)
    #expect(try shop.count == 2)
  }

  @Test func aRetryInTheSameEntryIsOneToo() throws {
    var shop = try Shop()
    let results = try shop.add([id(1, 1), id(1, 1), id(2, 1)])
    #expect(results[0] == results[1])
    #expect(results[0] != results[2])
    #expect(try shop.count == 2)
  }

  @Test func aRestartRemembers() throws {
    var shop = try Shop()
    let first = try shop.add([id(1, 1), id(2, 1)])
    _ = try shop.add([id(1, 2, below: 2)])
    try shop.restart()
    #expect(try shop.add([id(2, 1)]) == [first[1]])
    #expect(try shop.count == 3)
    // What its client has acknowledged is forgotten, and its return refused, after a restart as before it.
    guard case .refused = try shop.add([id(1, 1)])[0] else {
      Issue.record("an acknowledged request came again and was taken")
      return
    }
    #expect(try shop.count == 3)
  }

  @Test func rowsGoWhenAllTheirRequestsAreAcknowledged() throws {
    var shop = try Shop()
    _ = try shop.add([id(1, 1), id(2, 1)])
    _ = try shop.add([id(1, 2)])
    #expect(try shop.rows == 2)
    _ = try shop.add([id(1, 3, below: 3)])
    #expect(try shop.rows == 2)  // client 2 still holds the first
    _ = try shop.add([id(2, 2, below: 2)])
    #expect(try shop.rows == 2)
    #expect(shop.machine.requests.rowCount == 2)
    for sequence in UInt64(4)...200 { _ = try shop.add([id(1, sequence, below: sequence)]) }
    #expect(try shop.rows == 2)
  }

  @Test func clientsIdleForAnHourOfLogTimeAreForgotten() throws {
    var shop = try Shop()
    _ = try shop.add([id(1, 1)], at: 1_000)
    _ = try shop.add([id(2, 1)], at: 3_000_000)
    #expect(shop.machine.requests.clientCount == 2)
    _ = try shop.add([id(2, 2, below: 2)], at: 3_700_000)
    #expect(shop.machine.requests.clientCount == 1)
    #expect(try shop.rows == 1)
    let before = shop.machine.requests.clientCount
    try shop.restart()
    #expect(shop.machine.requests.clientCount == before)
  }

  @Test func aClientWithTooManyOpenRequestsIsSlowedNotForgotten() throws {
    var shop = try Shop(RequestTable.Limits(clientsMax: 10, openRequestsMax: 3))
    for sequence in UInt64(1)...3 { _ = try shop.add([id(1, sequence)]) }
    guard case .overloaded = try shop.add([id(1, 4)])[0] else {
      Issue.record("the limit does not hold")
      return
    }
    #expect(try shop.count == 3)
    // Nothing was noted: once it has acknowledged, the same request is taken.
    guard case .write = try shop.add([id(1, 4, below: 2)])[0] else {
      Issue.record("it is refused for good")
      return
    }
  }

  @Test func tooManyClientsAreRefusedNotForgotten() throws {
    var shop = try Shop(RequestTable.Limits(clientsMax: 2, openRequestsMax: 3))
    _ = try shop.add([id(1, 1), id(2, 1)])
    guard case .overloaded = try shop.add([id(3, 1)])[0] else {
      Issue.record("the limit does not hold")
      return
    }
    #expect(try shop.count == 2)
  }

  @Test func theTableIsTheSameAfterARestartAtAnyEntry() throws {
    var random = SeededRandom(seed: 11)
    var shop = try Shop()
    var sequences: [UInt64: UInt64] = [:]
    var time: UInt64 = 1_000
    for _ in 0..<400 {
      time += UInt64(random.below(60_000))
      let identities = (0..<(1 + random.below(3))).map { _ -> RequestIdentity in
        let client = UInt64(1 + random.below(5))
        let sequence = (sequences[client] ?? 0) + 1
        sequences[client] = sequence
        return id(
          client, sequence, below: random.chance(60) ? sequence - UInt64(random.below(Int(min(3, sequence)))) : 0)
      }
      _ = try shop.add(identities, at: time)
      let (clients, rows) = (shop.machine.requests.clientCount, shop.machine.requests.rowCount)
      #expect(try shop.rows == rows)
      try shop.restart()
      #expect(shop.machine.requests.clientCount == clients)
      #expect(shop.machine.requests.rowCount == rows)
    }
  }
}
