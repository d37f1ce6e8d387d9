import JSON
import Testing

@Suite struct JSONWriterTests {
  @Test func onlyWhatMustBeEscapedIs() {
    var writer = JSONWriter()
    writer.string("a\"b\\c/d\u{8}\t\n\u{c}\r\u{1}\u{1f}\u{7f}é€😀\u{2028}")
    #expect(
      String(decoding: writer.bytes, as: UTF8.self)
        == #""a\"b\\c/d\b\t\n\f\r\u0001\u001f\#u{7f}é€😀\#u{2028}""#)
  }

  @Test func encodedTextIsSplicedAsItIs() {
    var writer = JSONWriter(reserving: 16)
    writer.splice(#"{"a":"#)
    writer.integer(-12)
    writer.splice(Array(#","b":0.50,"c":"#.utf8))
    writer.boolean(true)
    writer.splice("}")
    #expect(String(decoding: writer.bytes, as: UTF8.self) == #"{"a":-12,"b":0.50,"c":true}"#)
  }
}
