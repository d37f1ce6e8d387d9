import Testing

@testable import WorkerService

@Suite struct FeedEncodingTests {
  private func document(_ encoding: String?, title: [UInt8]) -> [UInt8] {
    let declaration = encoding.map { "<?xml version='1.0' encoding='\($0)'?>" } ?? ""
    return Array("\(declaration)<rss><channel><title>".utf8) + title + Array("</title></channel></rss>".utf8)
  }

  private func title(_ bytes: [UInt8], contentType: String? = nil) throws -> String? {
    try FeedDocument(reading: bytes, contentType: contentType).header.title?.plain
  }

  @Test(
    arguments: [
      ("iso-8859-1", [0xE9], "é"), ("ISO-8859-15", [0xA4], "€"), ("windows-1252", [0x93, 0x61, 0x94], "“a”"),
      ("iso-8859-1", [0x80], "€"), ("iso-8859-2", [0xB1], "ą"), ("windows-1251", [0xC6], "Ж"), ("koi8-r", [0xF6], "Ж"),
      ("utf-8", [0xC3, 0xA9], "é"), ("euc-kr", [0xB3, 0xE2], "년"), ("Shift_JIS", [0x82, 0xA0], "あ"),
      ("gb2312", [0xC4, 0xE3], "你"), ("big5", [0xA7, 0x41], "你"), ("macintosh", [0x8E], "é"),
    ] as [(String, [UInt8], String)])
  func readsTheDeclaredEncoding(encoding: String, bytes: [UInt8], expected: String) throws {
    let read = try FeedDocument(reading: document(encoding, title: bytes))
    #expect(read.header.title?.plain == expected)
    #expect(read.isWellFormed)
  }

  @Test(arguments: [(false, false), (false, true), (true, false), (true, true)])
  func readsUTF16OfBothOrders(bigEndian: Bool, hasMark: Bool) throws {
    let text = "<?xml version='1.0' encoding='utf-16'?><rss><channel><title>Žluť 🐎</title></channel></rss>"
    var bytes: [UInt8] = hasMark ? (bigEndian ? [0xFE, 0xFF] : [0xFF, 0xFE]) : []
    for unit in text.utf16 {
      let pair = [UInt8(unit >> 8), UInt8(unit & 0xFF)]
      bytes += bigEndian ? pair : pair.reversed()
    }
    #expect(try title(bytes) == "Žluť 🐎")
  }

  @Test func theHTTPHeaderGoesBeforeTheDeclaration() throws {
    let bytes = document("iso-8859-1", title: [0xC3, 0xA9])
    #expect(try title(bytes, contentType: "text/xml; charset=\"UTF-8\"") == "é")
    #expect(try title(bytes, contentType: "text/xml") == "Ã©")
  }

  @Test func theByteOrderMarkGoesBeforeTheHeader() throws {
    let bytes = [0xEF, 0xBB, 0xBF] + document("iso-8859-1", title: [0xC3, 0xA9])
    #expect(try title(bytes, contentType: "text/xml; charset=iso-8859-1") == "é")
  }

  @Test func bytesThatAreNotWhatTheySayAreReadAsWindows1252() throws {
    let read = try FeedDocument(reading: document("utf-8", title: [0x64, 0x92, 0xE9]))
    #expect(read.header.title?.plain == "d’é")
    #expect(read.encoding == "windows-1252")
    #expect(!read.isWellFormed)
  }

  @Test func anUnknownEncodingFallsBackAndSaysSo() throws {
    let read = try FeedDocument(reading: document("x-bogus//TRANSLIT", title: [0xC3, 0xA9]))
    #expect(read.header.title?.plain == "é")
    #expect(!read.isWellFormed)
  }

  @Test func brokenUTF16IsRefusedNotGuessed() {
    // A lone surrogate in the middle.
    let bytes: [UInt8] = [0xFF, 0xFE, 0x3C, 0x00, 0x00, 0xD8, 0x3C, 0x00]
    #expect(throws: FeedDocumentError.undecodable(encoding: "utf-16le")) { try FeedDocument(reading: bytes) }
  }
}
