import KeevoClient
import Model
import Synchronization
import Testing

@testable import KeevoService

private func key(_ bytes: UInt8...) -> ByteKey { ByteKey(bytes) }

@Suite struct CoherentCacheTests {
  @Test func aValueIsServedToViewsThatAreNotOlderThanIt() {
    let cache = CoherentCache<Int>(bytesMax: 10_000, appliedIndex: 5)
    cache.keep(key(1), 70, bytes: 1, since: 4, asOf: 5)
    #expect(cache.value(key(1), asOf: 5) == 70)
    #expect(cache.value(key(1), asOf: 4) == 70)
    #expect(cache.value(key(1), asOf: 3) == nil)
    #expect(cache.value(key(2), asOf: 5) == nil)
  }

  @Test func applyTakesAwayWhatItTouches() {
    let cache = CoherentCache<Int>(bytesMax: 10_000, appliedIndex: 5)
    cache.keep(key(1), 70, bytes: 1, since: 4, asOf: 5)
    cache.keep(key(2), 71, bytes: 1, since: 4, asOf: 5)
    cache.applying(index: 6, [key(1)])
    #expect(cache.value(key(1), asOf: 5) == nil)
    #expect(cache.value(key(2), asOf: 5) == 71)
  }

  @Test func aReaderWhoseViewHasBeenOvertakenKeepsNothing() {
    let cache = CoherentCache<Int>(bytesMax: 10_000, appliedIndex: 5)
    // Apply has begun with entry 6, which may have changed what the reader found at 5.
    cache.applying(index: 6, [key(1)])
    cache.keep(key(1), 70, bytes: 1, since: 4, asOf: 5)
    #expect(cache.value(key(1), asOf: 6) == nil)
  }

  @Test func bytesAreBoundedAndWhatIsReadAgainStays() {
    let cache = CoherentCache<Int>(bytesMax: 20_000, appliedIndex: 1)
    for number in UInt8.min...UInt8.max {
      cache.keep(key(number), 1, bytes: 800, since: 1, asOf: 1)
      _ = cache.value(key(0), asOf: 1)
      #expect(cache.bytes <= 20_000)
    }
    #expect(cache.value(key(0), asOf: 1) != nil)
    #expect(cache.value(key(255), asOf: 1) != nil)
    #expect(cache.value(key(100), asOf: 1) == nil)
    cache.keep(key(9, 9), 1, bytes: 50_000, since: 1, asOf: 1)
    #expect(cache.value(key(9, 9), asOf: 1) == nil)
  }

  private static let home = Partition(app: 1, "home")

  private static func read(_ reader: any StateReader, _ bounds: (start: [UInt8], end: [UInt8]), limit: Int) throws
    -> HeldPage
  {
    var page = ScannedPage()
    try reader.scan(from: bounds.start, to: bounds.end, reverse: false) { key, stored in
      guard page.rows.count < limit, let place = StoredKey.decode(key), let row = try? StoredRow.decode(stored) else {
        return false
      }
      page.rows.append(Row(key: place.key, value: row.value, version: row.version))
      return true
    }
    return HeldPage(start: bounds.start, end: bounds.end, limit: limit, page: page, join: nil)
  }

  /// While entries are applied, every view gives, through what is kept at hand, what its snapshot holds.
  @Test(arguments: [UInt64.random(in: 1...9_999), 1, 2]) func viewsGiveTheirSnapshot(seed: UInt64) async throws {
    let shard = try Shard(
      id: 0, of: 8, store: MemoryState(), limits: .init(), watch: .init(), cacheBytesMax: 20_000)
    let keys = (0..<24).map { RowKey(space: 0x61, rest: [UInt8($0)]) }
    let range = RowRange(space: 0x61)
    let bounds = StoredKey.bounds(Self.home, range)
    let prefix = ByteKey(StoredKey.prefix(Self.home, .data, 0x61))
    let isDone = Atomic<Bool>(false)
    let reader = Task.detached {
      var random = SeededRandom(seed: seed &+ 1)
      var held = try shard.view()
      var compared = 0
      while !isDone.load(ordering: .relaxed) || compared < 1_000 {
        if random.chance(30) { held = try shard.view() }
        let view = held
        if random.chance(50) {
          let stored = StoredKey.encode(Self.home, keys[random.below(keys.count)])
          let expected = try view.reader.value(stored).map { try StoredRow.decode($0) }
          #expect(try view.row(stored) == expected, "seed \(seed)")
        } else {
          let limit = 1 + random.below(6)
          let expected = try Self.read(view.reader, bounds, limit: limit)
          let page = try view.page(
            prefix: prefix, start: bounds.start, end: bounds.end, limit: limit, join: nil
          ) { () throws(StoreError) in
            do { return try Self.read(view.reader, bounds, limit: limit) } catch { throw .failed("\(error)") }
          }
          #expect(page.page.rows == expected.page.rows, "seed \(seed)")
        }
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
        identity: identity, traceID: [], body: .write([SubBatch(partition: Self.home, operations: [operation])]))
      let payload = CommandEncoding.encodeEntry(
        timeMilliseconds: 1_000, commands: [CommandEncoding.encode(command)])
      _ = try shard.apply(LogEntry(term: 1, index: UInt64(index), kind: .command, payload: payload))
      if random.chance(20) { await Task.yield() }
    }
    isDone.store(true, ordering: .relaxed)
    try await reader.value
  }
}
