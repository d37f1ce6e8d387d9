import JSON
import Testing

@Suite struct JSONErrorPathTests {
  @Test(arguments: [
    (#"{"a":1,"b":{"c":[1,2,{"d":tru}]}}"#, "b.c[2].d"), (#"{"a":"\#u{1}"}"#, "a"), (#"{"a":1,"a":2}"#, "a"),
    (#"{"x":{"a":1,"b":[],"a":2}}"#, "x.a"), (#"{"a":"\u12"}"#, "a"), (#"{"a":"\ud800"}"#, "a"), (#"{"a":01}"#, "a"),
    (#"{"a":[1,]}"#, "a[1]"),
    (#"{"a" 1}"#, "a"), (#"[{"a":1},{"b":nul}]"#, "[1].b"), (#"{"a":"x"#, "a"), ("", ""), ("{", ""), ("7 8", ""),
    (#"{"a":{"b"#, "a"),
    (#"{"a\"b,{":[x]}"#, #"a"b,{[0]"#), (#"{"a":["\"]}",{}],"b":-}"#, "b"),
  ])
  func theMemberIsNamed(text: String, path: String) throws {
    let bytes = Array(text.utf8)
    let error = try #require(throws: JSONError.self) { try JSONDocument(bytes) }
    #expect(error.path(in: bytes) == path, "\(error)")
  }

  @Test func depthAndEncodingNameTheirMember() throws {
    let deep = Array((#"{"a":[{"b":"# + String(repeating: "[", count: 80)).utf8)
    let tooDeep = try #require(throws: JSONError.self) { try JSONDocument(deep) }
    #expect(tooDeep.reason == .tooDeep && tooDeep.path(in: deep).hasPrefix("a[0].b[0][0]"))
    let bad = Array(#"{"a":1,"b":""#.utf8) + [0xFF] + Array(#""}"#.utf8)
    let encoding = try #require(throws: JSONError.self) { try JSONDocument(bad) }
    #expect(encoding.reason == .invalidUTF8 && encoding.path(in: bad) == "b")
  }
}
