import Jobs
import KeevoClient
import Model
import Testing

@testable import Feeds

/// Golden bytes (B6).
@Suite struct UploadFormatTests {
  private func upload() throws -> Upload {
    Upload(
      id: try #require(UploadID(String(repeating: "0", count: 32))), kind: .file, name: "a.txt",
      contentType: "text/plain", bytes: 258, owner: "bob", createdAt: ActivityTime(microseconds: 1), attempt: 3)
  }

  @Test func aRecordHasTheseBytes() throws {
    let upload = try upload()
    let bytes: [UInt8] =
      [2, 1] + [0, 0, 0, 0, 0, 0, 0, 1] + [0, 0, 0, 0, 0, 0, 1, 2] + [0, 0, 0, 0, 0, 0, 0, 3] + [0, 5]
      + Array("a.txt".utf8) + [0, 10] + Array("text/plain".utf8) + [0, 3] + Array("bob".utf8)
    #expect(upload.encoded() == bytes)
    #expect(try Upload(id: upload.id, bytes) == upload)
    #expect(throws: FormatError.unknown(3)) { try Upload(id: upload.id, [3] + bytes.dropFirst()) }
    #expect(throws: FormatError.unknown(9)) { try Upload(id: upload.id, [2, 9] + bytes.dropFirst(2)) }
    #expect(throws: FormatError.truncated) { try Upload(id: upload.id, Array(bytes.dropLast())) }
  }

  @Test func aPendingOneIsKeyedByItsBeginning() throws {
    let pending = PendingUpload(try upload(), beganMilliseconds: 258)
    #expect(
      pending.key.rest == [0, 0, 0, 0, 0, 0, 1, 2] + [UInt8](repeating: UInt8(ascii: "0"), count: 32)
        + [0, 0, 0, 0, 0, 0, 0, 3])
    #expect(
      try PendingUpload(Row(key: pending.key, value: pending.upload.encoded(), version: .zero)) == pending)
    var short = pending.key
    short.rest.removeLast()
    #expect(throws: FormatError.self) {
      try PendingUpload(Row(key: short, value: pending.upload.encoded(), version: .zero))
    }
  }

  @Test func aWarningHasTheseBytes() throws {
    let warning = UsageWarning(kind: .storageBytes, most: 258, used: 257, at: ActivityTime(microseconds: 1))
    #expect(warning.key.rest == [2, 0, 0, 0, 0, 0, 0, 1, 2])
    #expect(warning.encoded == [1] + [0, 0, 0, 0, 0, 0, 1, 1] + [0, 0, 0, 0, 0, 0, 0, 1])
    #expect(try UsageWarning(Row(key: warning.key, value: warning.encoded, version: .zero)) == warning)
    var later = warning.key
    later.rest[0] = 99
    #expect(
      try UsageWarning(Row(key: later, value: warning.encoded, version: .zero)) == nil, "a limit of a later version")
    #expect(throws: FormatError.unknown(2)) {
      try UsageWarning(Row(key: warning.key, value: [2] + warning.encoded.dropFirst(), version: .zero))
    }
  }

  @Test func aWarningIsDueFromFourFifthsOn() {
    for (used, most, isDue) in [
      (7, 10, false), (8, 10, true), (7, 9, false), (8, 9, true), (2, 3, false), (3, 3, true), (1, 1, true),
      (0, 1, false),
      (0, 0, false), (5, 0, false), (799_999, 1_000_000, false), (800_000, 1_000_000, true), (1, Int.max, false),
    ] as [(UInt64, Int, Bool)] {
      #expect(UsageWarning.isDue(used: used, of: most) == isDue, "\(used) of \(most)")
    }
    #expect(UsageWarning.isDue(used: .max, of: .max))
  }
}
