import KeevoClient
import Synchronization
import Testing

@testable import KeevoService

private func row(_ index: UInt64, bytes: Int = 1) -> VersionedValue {
  VersionedValue(
    value: Array(repeating: 7, count: bytes), version: Stamp(mapEpoch: 1, index: index, ordinal: 3))
}

@Suite struct HotRowsTests {
  @Test func aRowIsServedToViewsThatAreNotOlderThanIt() {
    let rows = HotRows(bytesMax: 10_000, appliedIndex: 5)
    rows.keep([1], row(4), asOf: 5)
    #expect(rows.value([1], asOf: 5) == row(4))
    #expect(rows.value([1], asOf: 4) == row(4))
    #expect(rows.value([1], asOf: 3) == nil)
    #expect(rows.value([2], asOf: 5) == nil)
  }

  @Test func applyTakesAwayWhatItTouches() {
    let rows = HotRows(bytesMax: 10_000, appliedIndex: 5)
    rows.keep([1], row(4), asOf: 5)
    rows.keep([2], row(4), asOf: 5)
    rows.applying(index: 6, [.init(key: [1], value: [9])])
    #expect(rows.value([1], asOf: 5) == nil)
    #expect(rows.value([2], asOf: 5) == row(4))
  }

  @Test func aReaderWhoseViewHasBeenOvertakenKeepsNothing() {
    let rows = HotRows(bytesMax: 10_000, appliedIndex: 5)
    // Apply has begun with entry 6, which may have changed the row that the reader found at 5.
    rows.applying(index: 6, [.init(key: [1], value: nil)])
    rows.keep([1], row(4), asOf: 5)
    #expect(rows.value([1], asOf: 6) == nil)
  }

  @Test func bytesAreBoundedAndWhatIsReadAgainStays() {
    let rows = HotRows(bytesMax: 20_000, appliedIndex: 1)
    for number in UInt8.min...UInt8.max {
      rows.keep([number], row(1, bytes: 800), asOf: 1)
      _ = rows.value([0], asOf: 1)
      #expect(rows.bytes <= 20_000)
    }
    #expect(rows.value([0], asOf: 1) != nil)
    #expect(rows.value([255], asOf: 1) != nil)
    #expect(rows.value([100], asOf: 1) == nil)
    rows.keep([9, 9], row(1, bytes: 50_000), asOf: 1)
    #expect(rows.value([9, 9], asOf: 1) == nil)
  }

  /// While entries are applied, every view gives, through the rows kept at hand, what its snapshot holds.
  @Test(arguments: [UInt64.random(in: 1...9_999), 1, 2]) func viewsGiveTheirSnapshot(seed: UInt64) async throws {
    let shard = try Shard(
      id: 0, of: 8, store: MemoryState(), limits: .init(), watch: .init(), hotBytesMax: 4_000)
    let partition = Partition(app: 1, "home")
    let keys = (0..<24).map { RowKey(space: 0x61, rest: [UInt8($0)]) }
    let isDone = Atomic<Bool>(false)
    let reader = Task.detached {
      var random = SeededRandom(seed: seed &+ 1)
      var held = try shard.view()
      var compared = 0
      while !isDone.load(ordering: .relaxed) || compared < 1_000 {
        if random.chance(30) { held = try shard.view() }
        let stored = StoredKey.encode(partition, keys[random.below(keys.count)])
        let expected = try held.reader.value(stored).map { try StoredRow.decode($0) }
        #expect(try held.row(stored) == expected, "seed \(seed)")
        compared += 1
        await Task.yield()
      }
    }
    var random = SeededRandom(seed: seed)
    for index in 1...1_500 {
      let key = keys[random.below(keys.count)]
      let operation: Operation =
        random.chance(25) ? .delete(key) : .put(key, value: [UInt8(random.below(256)), UInt8(random.below(256))])
      let identity = RequestIdentity(clientID: 9, sequence: UInt64(index), acknowledgedBelow: UInt64(index))
      let command = Command(
        identity: identity, traceID: [], body: .write([SubBatch(partition: partition, operations: [operation])]))
      let payload = CommandEncoding.encodeEntry(
        timeMilliseconds: 1_000, commands: [CommandEncoding.encode(command)])
      _ = try shard.apply(LogEntry(term: 1, index: UInt64(index), kind: .command, payload: payload))
      if random.chance(20) { await Task.yield() }
    }
    isDone.store(true, ordering: .relaxed)
    try await reader.value
  }
}
