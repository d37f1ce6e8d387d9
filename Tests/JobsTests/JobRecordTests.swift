import KeevoClient
import Testing

@testable import Jobs

@Suite struct JobRecordTests {
  @Test func aJobRowKeepsItsBytes() throws {  // B6: golden bytes of format 1
    var record = JobRecord(
      kind: .garbage, holder: 0x0102_0304_0506_0708, madeAtMilliseconds: 9, traceID: Array(0..<16),
      payload: [0xAA, 0xBB])
    record.cursor = [0xCC]
    record.attempts = 3
    record.lastError = "no"
    let bytes: [UInt8] =
      [1, 3, 1, 2, 3, 4, 5, 6, 7, 8, 0, 0, 0, 1, 0, 0, 0, 0, 0, 3] + [0, 0, 0, 0, 0, 0, 0, 0] + [
        0, 0, 0, 0, 0, 0, 0, 9,
      ]
      + [0, 16] + Array(0..<16) + [0, 0, 0, 2, 0xAA, 0xBB] + [0, 0, 0, 1, 0xCC] + [0, 2, 0x6E, 0x6F]
    #expect(record.encoded() == bytes)
    #expect(try JobRecord(bytes) == record)
  }

  @Test func unknownFormatsAndCutRowsAreTypedErrors() {
    let bytes = JobRecord(kind: .fanOut, madeAtMilliseconds: 1, payload: [1]).encoded()
    #expect(throws: FormatError.unknown(9)) { try JobRecord([9] + bytes.dropFirst()) }
    for length in 0..<bytes.count { #expect(throws: FormatError.self) { try JobRecord(Array(bytes.prefix(length))) } }
  }

  @Test func aJobIsNamedByTheStampOfItsSubBatch() {
    let id = JobID(partition: Partition(app: 1, "p"), stamp: Stamp(0x0102_0304_0506_0708), number: 2)
    #expect(id.rest == [1, 2, 3, 4, 5, 6, 7, 8, 2])
    #expect(id.stamp == Stamp(0x0102_0304_0506_0708))
  }

  @Test func backOffGrowsToItsCeilingWithJitter() {
    let timing = JobTiming(wallMilliseconds: { 0 })
    #expect(timing.backOff(attempts: 0, jitter: 0) == 100)
    #expect(timing.backOff(attempts: 0, jitter: 1) == 200)
    #expect(timing.backOff(attempts: 3, jitter: 1) == 1_600)
    #expect(timing.backOff(attempts: 60, jitter: 1) == 60_000)
  }
}
