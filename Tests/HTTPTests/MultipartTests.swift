import HTTP
import Testing

@testable import struct HTTP.ParameterField

/// Forms of RFC 7578.
@Suite struct MultipartTests {
  private static let type = "multipart/form-data; boundary=xYz"

  private func parts(
    _ body: String, _ type: String = MultipartTests.type, limits: MultipartForm.Limits = .init()
  ) throws(MultipartError) -> [String] {
    let bytes = Array(body.utf8)
    return try MultipartForm(bytes, contentType: type, limits: limits).parts.map { part in
      "\(part.name)|\(part.fileName ?? "-")|\(part.contentType ?? "-")|"
        + String(decoding: bytes[part.content], as: UTF8.self)
    }
  }

  @Test func partsAreFoundWithTheirContent() throws {
    let body =
      "--xYz\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a b.png\"\r\nContent-Type: image/png\r\n\r\n"
      + "line\r\n--xY\r\nmore\r\n--xYz\r\ncontent-disposition:form-data;name=user\r\n\r\n\r\n--xYz  \r\n"
      + "Content-Disposition: form-data; name=\"n\"\r\nX-Other: 1\r\n\r\nv\r\n--xYz--\r\nand what follows"
    #expect(try parts(body) == ["file|a b.png|image/png|line\r\n--xY\r\nmore", "user|-|-|", "n|-|-|v"])
    #expect(try parts("--xYz--") == [])
  }

  @Test(arguments: [
    ("multipart/form-data; boundary=\"xYz\"", true), ("Multipart/Form-Data;charset=utf-8; BOUNDARY=xYz", true),
    ("multipart/form-data", false), ("multipart/mixed; boundary=xYz", false), ("application/json", false), ("", false),
    ("multipart/form-data; boundary=", false), ("multipart/form-data; boundary=\"a\"; boundary=xYz", false),
    ("multipart/form-data; boundary=\"x\u{e4}\"", false), ("multipart/form-data; boundary=\"x \"", false),
    ("multipart/form-data; boundary=" + String(repeating: "x", count: 71), false),
  ])
  func theTypeNamesABoundary(type: String, isOne: Bool) {
    let body = "--xYz\r\nContent-Disposition: form-data; name=a\r\n\r\nv\r\n--xYz--\r\n"
    if isOne {
      #expect((try? parts(body, type)) == ["a|-|-|v"])
    } else {
      #expect(throws: MultipartError.notMultipart) { try parts(body, type) }
    }
  }

  @Test(arguments: [
    ("", 0), ("x--xYz--", 0), ("\r\n--xYz--", 0), ("--xYz\n", 5), ("--xYz", 5), ("--xYzz\r\n", 5), ("--xYz-", 5),
    ("--xYz\r\n\r\nv\r\n--xYz--", 7), ("--xYz\r\nContent-Disposition: form-data\r\n\r\nv\r\n--xYz--", 7),
    ("--xYz\r\nContent-Disposition: attachment; name=a\r\n\r\nv\r\n--xYz--", 7),
    ("--xYz\r\nContent-Disposition: form-data; name=a; name=b\r\n\r\nv\r\n--xYz--", 7),
    ("--xYz\r\nContent-Disposition: form-data; name=\"a\r\n\r\nv\r\n--xYz--", 7),
    (
      "--xYz\r\nContent-Disposition: form-data; name=a\r\nContent-Disposition: form-data; name=a\r\n\r\nv\r\n--xYz--",
      47
    ),
    ("--xYz\r\nno header\r\n\r\nv\r\n--xYz--", 7), ("--xYz\r\n: v\r\n\r\nv\r\n--xYz--", 7),
    ("--xYz\r\n a: v\r\n\r\nv\r\n--xYz--", 7), ("--xYz\r\na: v\u{1}\r\n\r\nv\r\n--xYz--", 11),
    ("--xYz\r\na: v\n\r\n\r\nv\r\n--xYz--", 11), ("--xYz\r\na: v\rb\r\n\r\nv\r\n--xYz--", 11),
    ("--xYz\r\nContent-Disposition: form-data; name=a\r\n\r\nv", 50),
    ("--xYz\r\nContent-Disposition: form-data; name=a\r\n\r\nv\r\n--xY", 56),
    ("--xYz\r\nContent-Disposition: form-data; name=a\r\n\r\nv\r\n--xYzz\r\n--xYz--", 57),
    ("--xYz\r\nContent-Disposition: form-data; name=a\r\n\r\nv\r\n--xYz\r\n", 59), ("--xYz\r\na: v", 11),
  ])
  func whatIsMalformedIsRefusedWithItsPlace(body: String, offset: Int) {
    do throws(MultipartError) {
      let read = try parts(body)
      Issue.record("read as \(read)")
    } catch {
      guard case .malformed(offset, _) = error else {
        Issue.record("\(error), expected at \(offset)")
        return
      }
    }
  }

  @Test func limitsHold() throws {
    var limits = MultipartForm.Limits()
    limits.partsMax = 2
    limits.partHeaderBytesMax = 60
    let part = "--xYz\r\nContent-Disposition: form-data; name=a\r\n\r\nv\r\n"
    #expect(try parts(part + part + "--xYz--", limits: limits).count == 2)
    #expect(throws: MultipartError.tooManyParts(limit: 2)) {
      try parts(part + part + part + "--xYz--", limits: limits)
    }
    #expect(throws: MultipartError.partHeadersTooLarge(limit: 60)) {
      try parts(
        "--xYz\r\nContent-Disposition: form-data; name=a\r\nX: \(String(repeating: "x", count: 40))\r\n\r\nv\r\n--xYz--",
        limits: limits)
    }
  }

  @Test(arguments: [
    (#"form-data; name="a\"b\\c"; filename="C:\dir\f.txt""#, #"a"b\c"#, #"C:\dir\f.txt"#),
    (#"form-data; filename*=UTF-8''na%C3%AFve.txt; name=file"#, "file", "na\u{ef}ve.txt"),
    (#"form-data; filename="plain.txt"; filename*=UTF-8''other.txt; name=file;"#, "file", "plain.txt"),
  ])
  func namesAreRead(disposition: String, name: String, fileName: String) throws {
    let body = "--xYz\r\nContent-Disposition: \(disposition)\r\n\r\nv\r\n--xYz--"
    let part = try #require(MultipartForm(Array(body.utf8), contentType: Self.type).parts.first)
    #expect(part.name == name && part.fileName == fileName)
  }

  /// Random bytes and broken forms: refused or read, and every content lies in the body.
  @Test func noBytesLeadOutOfTheBody() {
    var generator = SeededGenerator(seed: 1_424)
    let whole = Array(
      "--xYz\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a\"\r\nContent-Type: a/b\r\n\r\nvalue\r\n--xYz--"
        .utf8)
    for _ in 0..<3_000 {
      var body = whole
      for _ in 0..<Int.random(in: 1...4, using: &generator) where !body.isEmpty {
        let place = Int.random(in: 0..<body.count, using: &generator)
        switch Int.random(in: 0..<3, using: &generator) {
        case 0: body[place] = UInt8.random(in: 0...255, using: &generator)
        case 1: body.remove(at: place)
        default: body.removeLast(body.count - place)
        }
      }
      guard let form = try? MultipartForm(body, contentType: Self.type) else { continue }
      #expect(form.parts.allSatisfy { $0.content.upperBound <= body.count })
    }
  }
}
