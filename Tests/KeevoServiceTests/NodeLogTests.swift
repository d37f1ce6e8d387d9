import KeevoClient
import Testing

@testable import KeevoService

@Suite struct NodeLogTests {
  static let options = NodeLog.Options(segmentBytes: 4_096, sparesMax: 2, salt: 5)

  static func open(_ disk: CrashDisk, flushed: [UInt64] = [0, 0]) throws(LogError) -> LogRecovery.Result {
    try LogRecovery.open(disk: disk, directory: "/log", options: options, flushed: flushed)
  }

  static func entry(_ index: UInt64, shard: UInt16 = 0, bytes: Int = 24, term: UInt64 = 1) -> LogRecord {
    .entry(
      LogEntry(
        term: term, index: index, kind: .command, payload: [UInt8](repeating: UInt8(index & 0xFF), count: bytes)),
      shard: shard)
  }

  /// `rounds` rounds of two entries, each round synced.
  static func filled(_ disk: CrashDisk, rounds: Int, bytes: Int = 24) throws -> NodeLog {
    var log = try open(disk).log
    try log.append([
      .hardState(HardState(term: 1, vote: 1), shard: 0), .hardState(HardState(term: 1, vote: 1), shard: 1),
    ])
    for round in 0..<rounds {
      let first = UInt64(round * 2 + 1)
      try log.append([Self.entry(first, bytes: bytes), Self.entry(first + 1, bytes: bytes)])
      try log.sync()
    }
    return log
  }

  @Test func whatWasWrittenIsReadBack() throws {
    let disk = CrashDisk()
    _ = try Self.filled(disk, rounds: 3)
    let found = try Self.open(disk.copy())
    #expect(found.shards[0].entries.map(\.index) == [1, 2, 3, 4, 5, 6])
    #expect(found.shards[0].entries[2].payload == [UInt8](repeating: 3, count: 24))
    #expect(found.shards[1].hardState == HardState(term: 1, vote: 1))
    #expect(found.tornBytes == 0)
  }

  @Test func entriesTheStateHasFlushedAreSkipped() throws {
    let disk = CrashDisk()
    _ = try Self.filled(disk, rounds: 3)
    let found = try Self.open(disk.copy(), flushed: [4, 0])
    #expect(found.shards[0].entries.map(\.index) == [5, 6])
    #expect(found.shards[0].lastIndex == 6)
  }

  @Test func aBitFlippedAnywhereCutsTheLastRoundOrStopsTheNode() throws {
    let disk = CrashDisk()
    let log = try Self.filled(disk, rounds: 4)
    let path = log.segments[0].path
    let end = log.segments[0].end
    let bytes = disk.bytes(path)
    // The last round: two records of 32 + 24 bytes.
    let lastRound = end - 2 * 56
    for offset in 0..<end {
      var damaged = bytes
      damaged[offset] ^= 1 << UInt8(offset % 8)
      let copy = disk.copy()
      copy.overwrite(path, damaged)
      if offset < lastRound {
        #expect(throws: LogError.self, "byte \(offset) of an older round was flipped") { try Self.open(copy) }
      } else {
        let found = try Self.open(copy)
        let kept = found.shards[0].entries.map(\.index)
        #expect(kept == [1, 2, 3, 4, 5, 6] || kept == [1, 2, 3, 4, 5, 6, 7], "byte \(offset)")
      }
    }
  }

  @Test func aRecordMissingFromTheLogThatTheStateHasKeptStopsTheNode() throws {
    let disk = CrashDisk()
    let log = try Self.filled(disk, rounds: 2)
    var bytes = disk.bytes(log.segments[0].path)
    bytes[log.segments[0].end - 1] ^= 1
    disk.overwrite(log.segments[0].path, bytes)
    #expect(throws: LogError.self) { try Self.open(disk.copy(), flushed: [4, 0]) }
  }

  @Test func aLogThatIsGoneStopsTheNode() throws {
    #expect(throws: LogError.self) { try Self.open(CrashDisk(), flushed: [7, 0]) }
  }

  @Test func aTornTailIsCutAtEveryLengthAndTheLogGoesOn() throws {
    let disk = CrashDisk()
    let log = try Self.filled(disk, rounds: 2)
    let path = log.segments[0].path
    let before = log.segments[0].end
    var torn = log
    try torn.append([Self.entry(5), Self.entry(6)])
    let bytes = disk.bytes(path)
    for kept in stride(from: before, through: torn.segments[0].end, by: 4) {
      let copy = disk.copy()
      copy.overwrite(path, bytes[..<kept] + [UInt8](repeating: 0, count: bytes.count - kept))
      var found = try Self.open(copy)
      let last = found.shards[0].lastIndex
      #expect(last >= 4 && last <= 6)
      try found.log.append([Self.entry(last + 1)])
      try found.log.sync()
      #expect(try Self.open(copy.copy()).shards[0].entries.map(\.index) == Array(1...(last + 1)))
    }
  }

  @Test func whatATornRoundLeavesBehindIsNeverTakenForALaterRecord() throws {
    let disk = CrashDisk()
    let log = try Self.filled(disk, rounds: 1)
    let path = log.segments[0].path
    let before = log.segments[0].end
    var torn = log
    try torn.append([Self.entry(3), Self.entry(4), Self.entry(5)])
    // The first record of the round was lost, the two behind it reached the disk.
    var bytes = disk.bytes(path)
    for offset in before..<(before + 56) { bytes[offset] = 0 }
    let copy = disk.copy()
    copy.overwrite(path, bytes)
    var found = try Self.open(copy)
    #expect(found.shards[0].lastIndex == 2)
    #expect(found.tornBytes == 112)
    try found.log.append([Self.entry(3, term: 2)])
    try found.log.sync()
    let again = try Self.open(copy.copy())
    #expect(again.shards[0].entries.map(\.index) == [1, 2, 3])
    #expect(again.shards[0].entries.last?.term == 2)
  }

  @Test func recordsThatACallerPutsIntoAValueAreNotRecords() throws {
    // A value that is a record of another node's log, with a round behind everything.
    var forged = ByteWriter()
    Self.entry(99).encode(into: &forged, seed: 1, roundOffset: 40)
    let disk = CrashDisk()
    var log = try Self.open(disk).log
    let carrier = LogEntry(term: 1, index: 1, kind: .command, payload: forged.bytes)
    try log.append([.entry(carrier, shard: 0)])
    var bytes = disk.bytes(log.segments[0].path)
    bytes[LogSegment.headerBytes] ^= 1  // the carrier is torn
    disk.overwrite(log.segments[0].path, bytes)
    #expect(try Self.open(disk.copy()).shards[0].entries.isEmpty)
  }

  @Test func segmentsAreSealedRecycledAndReadInOrder() throws {
    let disk = CrashDisk()
    var log = try Self.filled(disk, rounds: 30, bytes: 200)
    #expect(log.segments.count > 2)
    let segments = log.segments.count
    let upTo = log.segments[1].lastIndexes[0]
    let detached = log.detach(flushed: [upTo, 0])
    #expect(detached.count == 2)
    for segment in detached {
      let spare = try NodeLog.recycle(segment, asSpare: log.nextSpareNumber(), disk: disk, directory: "/log")
      log.addSpare(try #require(spare))
    }
    #expect(try Self.open(disk.copy(), flushed: [upTo, 0]).shards[0].entries.map(\.index) == Array((upTo + 1)...60))
    // A recycled file holds records of its earlier life; none of them may come back.
    var index = UInt64(60)
    while log.segments.count < segments + 1 {
      index += 1
      try log.append([Self.entry(index, bytes: 200)])
      try log.sync()
    }
    let found = try Self.open(disk.copy(), flushed: [upTo, 0])
    #expect(found.shards[0].entries.map(\.index) == Array((upTo + 1)...index))
    #expect(found.shards[0].hardState == HardState(term: 1, vote: 1))
  }

  /// What a recycled file still holds may look like a header of half a megabyte at every eighth byte: to sum all of them up would
  /// take minutes.
  @Test func theEndOfARecycledSegmentIsFoundAtOnce() throws {
    let disk = CrashDisk()
    let options = NodeLog.Options(segmentBytes: 8 << 20, sparesMax: 0, salt: 5)
    func open(_ disk: CrashDisk) throws(LogError) -> LogRecovery.Result {
      try LogRecovery.open(disk: disk, directory: "/log", options: options, flushed: [0, 0])
    }
    var log = try open(disk).log
    try log.append([.hardState(HardState(term: 1, vote: 1), shard: 0), Self.entry(1)])
    try log.sync()
    let segment = log.segments[0]
    var bytes = disk.bytes(segment.path)
    let old: [UInt8] = [0, 0, 0, 1, 0, 8, 1, 0]
    for place in segment.end..<bytes.count { bytes[place] = old[place % 8] }
    disk.overwrite(segment.path, bytes)
    let began = ContinuousClock.now
    let found = try open(disk.copy())
    #expect(ContinuousClock.now - began < .seconds(10))
    #expect(found.shards[0].entries.map(\.index) == [1] && found.tornBytes == 0)
  }

  @Test func aCrashAtEachStepOfRollingAndRecyclingLosesNothingSynced() throws {
    for seed in UInt64(1)...4 {
      var calls = 1
      while true {
        let disk = CrashDisk()
        var log = try Self.filled(disk, rounds: 12, bytes: 200)
        var synced = log.segments.last?.lastIndexes[0] ?? 0
        let flushed = log.segments[0].lastIndexes[0]
        disk.losePower(afterCalls: calls)
        do throws(LogError) {
          do throws(DiskError) {
            for segment in log.detach(flushed: [flushed, 0]) {
              if let spare = try NodeLog.recycle(
                segment, asSpare: log.nextSpareNumber(), disk: disk, directory: "/log")
              {
                log.addSpare(spare)
              }
            }
          } catch { throw .disk(error) }
          for index in (synced + 1)...(synced + 24) {
            try log.append([Self.entry(index, bytes: 200)])
            try log.sync()
            synced = index
          }
        } catch {}
        let finished = disk.hasPower
        var random = SeededRandom(seed: seed &* 1_000 &+ UInt64(calls))
        let found = try Self.open(disk.afterCrash(&random), flushed: [flushed, 0])
        let indexes = found.shards[0].entries.map(\.index)
        #expect(indexes.first == flushed + 1, "seed \(seed) call \(calls)")
        #expect((indexes.last ?? 0) >= synced, "seed \(seed) call \(calls)")
        #expect(found.shards[0].hardState == HardState(term: 1, vote: 1), "seed \(seed) call \(calls)")
        if finished { break }
        calls += 1
      }
      #expect(calls > 30)
    }
  }

  @Test func aMissingSegmentStopsTheNode() throws {
    let disk = CrashDisk()
    let log = try Self.filled(disk, rounds: 30, bytes: 200)
    try disk.remove(log.segments[1].path)
    #expect(throws: LogError.self) { try Self.open(disk.copy()) }
  }

  @Test func aNewerFormatIsNamed() throws {
    let disk = CrashDisk()
    let log = try Self.filled(disk, rounds: 1)
    let path = log.segments[0].path
    var bytes = disk.bytes(path)
    bytes[LogSegment.headerBytes + 15] = 9
    let end = LogSegment.headerBytes + LogRecord.headerBytes
    let crc = LogRecord.checksum(
      bytes, from: LogSegment.headerBytes + 4, to: end, seed: Self.options.seed(1))
    for place in 0..<4 {
      bytes[LogSegment.headerBytes + place] = UInt8(truncatingIfNeeded: crc >> UInt32(24 - 8 * place))
    }
    disk.overwrite(path, bytes)
    do throws(LogError) {
      _ = try Self.open(disk.copy())
      Issue.record("a record of format 9 was read")
    } catch {
      guard case .unknownFormat = error else {
        Issue.record("\(error)")
        return
      }
    }
  }

  @Test func aRecordGreaterThanASegmentIsRefused() throws {
    var log = try Self.open(CrashDisk()).log
    #expect(throws: LogError.recordTooLarge(bytes: 5_032, segmentBytes: 4_096)) {
      try log.append([Self.entry(1, bytes: 5_000)])
    }
  }
}
