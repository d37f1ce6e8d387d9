import Auth
import Testing

@Suite struct HMACKeyTests {
  private func hex(_ text: String) -> [UInt8] {
    var rest = text[...]
    var out: [UInt8] = []
    while !rest.isEmpty {
      out.append(UInt8(rest.prefix(2), radix: 16) ?? 0)
      rest = rest.dropFirst(2)
    }
    return out
  }

  /// Test cases 1, 2 and 6 of RFC 4231.
  @Test func codesAreThoseOfRFC4231() {
    #expect(
      HMACKey(secret: [UInt8](repeating: 0x0B, count: 20)).code(for: Array("Hi There".utf8))
        == hex("b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"))
    #expect(
      HMACKey(secret: Array("Jefe".utf8)).code(for: Array("what do ya want for nothing?".utf8))
        == hex("5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"))
    #expect(
      HMACKey(secret: [UInt8](repeating: 0xAA, count: 131))
        .code(for: Array("Test Using Larger Than Block-Size Key - Hash Key First".utf8))
        == hex("60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"))
  }

  @Test func onlyTheWholeCodeVerifies() {
    let key = HMACKey(secret: Array("secret".utf8))
    let code = key.code(for: [1, 2, 3])
    #expect(key.verifies(code, for: [1, 2, 3]))
    #expect(!key.verifies(code, for: [1, 2, 4]))
    #expect(!key.verifies(Array(code.dropLast()), for: [1, 2, 3]))
    #expect(!key.verifies([], for: [1, 2, 3]))
    #expect(!key.verifies(code + [0], for: [1, 2, 3]))
  }

  @Test func base64URLRoundTripsAndIsStrict() {
    for count in 0..<70 {
      let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 37 &+ count) }
      #expect(Base64URL.decode(Base64URL.encode(bytes).utf8) == bytes)
    }
    for text in ["A", "AB", "AA==", "A+", "A/", "AAAAA", "A A"] where text != "AA" {
      #expect(Base64URL.decode(text.utf8) == nil, "\(text)")
    }
  }
}
