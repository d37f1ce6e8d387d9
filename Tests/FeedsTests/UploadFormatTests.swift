import Jobs
import Model
import Testing

@testable import Feeds

/// Golden bytes (B6).
@Suite struct UploadFormatTests {
  @Test func aRecordHasTheseBytes() throws {
    let id = try #require(UploadID(String(repeating: "0", count: 32)))
    let upload = Upload(
      id: id, kind: .file, name: "a.txt", contentType: "text/plain", bytes: 258, owner: "bob",
      createdAt: ActivityTime(microseconds: 1))
    let bytes: [UInt8] =
      [1, 1] + [0, 0, 0, 0, 0, 0, 0, 1] + [0, 0, 0, 0, 0, 0, 1, 2] + [0, 5] + Array("a.txt".utf8) + [0, 10]
      + Array("text/plain".utf8) + [0, 3] + Array("bob".utf8)
    #expect(upload.encoded() == bytes)
    #expect(try Upload(id: id, bytes) == upload)
    #expect(throws: FormatError.unknown(2)) { try Upload(id: id, [2] + bytes.dropFirst()) }
    #expect(throws: FormatError.unknown(9)) { try Upload(id: id, [1, 9] + bytes.dropFirst(2)) }
    #expect(throws: FormatError.truncated) { try Upload(id: id, Array(bytes.dropLast())) }
  }
}
