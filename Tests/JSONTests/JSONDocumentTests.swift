import JSON
import Testing

@Suite struct JSONDocumentTests {
  private func scan(_ bytes: [UInt8]) -> JSONError? {
    do throws(JSONError) {
      _ = try JSONDocument(bytes)
      return nil
    } catch { return error }
  }

  private func scan(_ text: String) -> JSONError? { scan(Array(text.utf8)) }

  @Test(arguments: [
    "null", " true ", "false", "0", "-0", "-0.0", "1e400", "1E-5", "12345678901234567890123", "\"\"", "[]", "{}",
    "[[],{}]",
    #"{"a":1,"b":[1,2,{"c":null}],"":""}"#, #""\u0041\ud83d\ude00\"\\\/\b\f\n\r\t""#, "\"é€😀\u{7f}\"", "\n[1 ,\t2\r]\n",
    #"{"a":1,"A":2,"aa":3}"#, #"{"a":{"a":{"a":1}},"b":{"a":1}}"#, "\"\u{FFFD}\"",
  ])
  func validTextIsTaken(text: String) {
    #expect(scan(text) == nil)
  }

  @Test(arguments: [
    ("", JSONError.Reason.empty, 0), ("  ", .empty, 2), ("{", .unexpectedEnd, 1), ("[1", .unexpectedEnd, 2),
    (#"{"a""#, .unexpectedEnd, 4), (#"{"a":"#, .unexpectedEnd, 5), (#"{"a":1,}"#, .unexpectedByte, 7),
    ("[1,]", .unexpectedByte, 3), ("[,1]", .unexpectedByte, 1), ("[1 2]", .unexpectedByte, 3),
    ("{1:2}", .unexpectedByte, 1),
    (#"{"a" 1}"#, .unexpectedByte, 5), ("[1}", .unexpectedByte, 2), ("[true}", .unexpectedByte, 5),
    ("1 2", .trailingBytes, 2),
    ("{}}", .trailingBytes, 2), ("tru", .unexpectedEnd, 3), ("[tru]", .invalidLiteral, 1), ("True", .unexpectedByte, 0),
    ("NaN", .unexpectedByte, 0), ("nul0", .invalidLiteral, 0), ("01", .invalidNumber, 0), ("-", .invalidNumber, 0),
    ("1.", .invalidNumber, 0), (".5", .unexpectedByte, 0), ("+1", .unexpectedByte, 0), ("1e", .invalidNumber, 0),
    ("1e+", .invalidNumber, 0), ("0x1", .invalidNumber, 0), ("1.2.3", .invalidNumber, 0), ("'a'", .unexpectedByte, 0),
    ("\"a", .unexpectedEnd, 2), ("\"a\nb\"", .controlCharacter, 2), ("\"\t\"", .controlCharacter, 1),
    (#""\x""#, .invalidEscape, 1), (#""\u12g4""#, .invalidEscape, 1), (#""\u12"#, .unexpectedEnd, 5),
    (#""\ud800""#, .loneSurrogate, 1), (#""\ud800\u0041""#, .loneSurrogate, 1), (#""\udc00""#, .loneSurrogate, 1),
    (#"{"a":1,"a":2}"#, .duplicateName, 7), (#"{"a":1,"\u0061":2}"#, .duplicateName, 7),
    (#"{"x":{"é":1,"\u00e9":2}}"#, .duplicateName, 13), ("// x\n1", .unexpectedByte, 0),
    ("\u{FEFF}1", .unexpectedByte, 0),
  ])
  func malformedTextIsRefusedWithReasonAndPlace(text: String, reason: JSONError.Reason, offset: Int) {
    #expect(scan(text) == JSONError(reason, at: offset))
  }

  @Test(
    arguments: [
      [0x80], [0xC0, 0x80], [0xC1, 0xBF], [0xC3], [0xE0, 0x80, 0x80], [0xE0, 0x9F, 0xBF], [0xED, 0xA0, 0x80],
      [0xE2, 0x82],
      [0xF0, 0x80, 0x80, 0x80], [0xF0, 0x8F, 0xBF, 0xBF], [0xF4, 0x90, 0x80, 0x80], [0xF5, 0x80, 0x80, 0x80], [0xFF],
      [0xFE],
    ] as [[UInt8]])
  func badUTF8IsRefused(bytes: [UInt8]) {
    #expect(scan([0x22] + bytes + [0x22])?.reason == .invalidUTF8)
    // And wherever it lies against the scanner's eight-byte steps.
    for padding in 0..<9 {
      let text = [0x22] + [UInt8](repeating: 0x61, count: padding) + bytes + [UInt8](repeating: 0x61, count: 9) + [0x22]
      #expect(scan(text) == JSONError(.invalidUTF8, at: 1 + padding))
    }
  }

  @Test func sixteenBitTextIsRefused() {
    #expect(scan("{}".utf16.flatMap { [UInt8($0 & 0xFF), UInt8($0 >> 8)] })?.reason == .unexpectedByte)
  }

  @Test func sixtyThreeLevelsAreTakenAndNoMore() {
    let deepest = String(repeating: "[", count: 63) + String(repeating: "]", count: 63)
    #expect(scan(deepest) == nil)
    #expect(scan("[" + deepest + "]") == JSONError(.tooDeep, at: 63))
    #expect(scan(String(repeating: #"{"a":"#, count: 64) + "1") == JSONError(.tooDeep, at: 63 * 5))
    #expect(scan(String(repeating: "[", count: 100_000))?.reason == .tooDeep)
  }

  @Test func duplicateNamesOfLargeObjectsAreFound() {
    let names = (0..<300).map { "\"n\($0)\":0" }
    #expect(scan("{" + names.joined(separator: ",") + "}") == nil)
    #expect(scan("{" + (names + [#""\u006e7":0"#]).joined(separator: ",") + "}")?.reason == .duplicateName)
  }

  @Test func membersAreCounted() {
    let names = (0..<1_001).map { "\"n\($0)\":0" }
    #expect(scan("{" + names.dropLast().joined(separator: ",") + "}") == nil)
    #expect(scan("{" + names.joined(separator: ",") + "}")?.reason == .tooManyMembers)
  }

  @Test func rangesAreThoseOfTheText() throws {
    let text = #" { "a" : [ 1, {"b":"\u0041"} ] , "c":-1.50 } "#
    let document = try JSONDocument(Array(text.utf8))
    let raw = { (node: JSONNode) in String(decoding: node.raw, as: UTF8.self) }
    #expect(
      document.root.members.map { raw($0.name) + "=" + raw($0.value) } == [
        #""a"=[ 1, {"b":"\u0041"} ]"#, #""c"=-1.50"#,
      ])
    let list = try #require(document.root["a"])
    #expect(list.elements.map(raw) == ["1", #"{"b":"\u0041"}"#])
    #expect(list.elements.map(\.count) == [0, 1])
    let inner = try #require(Array(list.elements).last?["b"])
    #expect(inner.string == "A")
    #expect(inner.equals("A"))
    #expect(!inner.equals("B"))
    #expect(document.root["c"]?.numberText == "-1.50")
    #expect(document.root["x"] == nil)
  }

  @Test func escapesDecode() throws {
    let text = #""\u0041\u00e9\u20ac\ud83d\ude00\"\\\/\b\f\n\r\t\u0000""#
    #expect(try JSONDocument(Array(text.utf8)).root.string == "Aé€😀\"\\/\u{8}\u{c}\n\r\t\u{0}")
  }
}
