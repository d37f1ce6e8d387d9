import Testing

@testable import ControlPlane

@Suite struct CryptographyTests {
  static let zeroKey = [UInt8](repeating: 0, count: 32)

  /// Test cases 13 and 14 of McGrew and Viega, "The Galois/Counter Mode of Operation" (AES-256).
  @Test(arguments: [
    ("", "530f8afbc74536b9a963b4f1c4cb738b"),
    ("00000000000000000000000000000000", "cea7403d4d606b6e074ec5d3baf39d18d0d1c8a799996bf0265b98b5d48ab919"),
  ])
  func opensThePublishedVectorsOfGCM(clear: String, sealed: String) throws {
    let nonce = [UInt8](repeating: 0, count: 12)
    let bytes = try #require(Hexadecimal.bytes(sealed))
    let opened = try Cryptography.open(nonce + bytes, key: Self.zeroKey, context: [])
    #expect(Hexadecimal.text(opened) == clear)
  }

  @Test func digestsMatchThePublishedVector() {
    // FIPS 180-2 appendix B.1.
    #expect(
      Hexadecimal.text(Cryptography.sha256(Array("abc".utf8)))
        == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
  }

  @Test func whatIsSealedOpensWithItsContextOnly() throws {
    let key = try Cryptography.randomBytes(32)
    for length in [0, 1, 15, 16, 17, 64, 1_000] {
      let clear = try Cryptography.randomBytes(length)
      let sealed = try Cryptography.seal(clear, key: key, context: [1, 2])
      #expect(sealed.count == length + 28)
      #expect(try Cryptography.open(sealed, key: key, context: [1, 2]) == clear)
      #expect(throws: Cryptography.Failure.self) { try Cryptography.open(sealed, key: key, context: [1, 3]) }
      #expect(throws: Cryptography.Failure.self) {
        try Cryptography.open(sealed, key: CryptographyTests.zeroKey, context: [1, 2])
      }
    }
  }

  @Test func anyChangedOrMissingByteIsNoticed() throws {
    let sealed = try Cryptography.seal(Array("secret".utf8), key: Self.zeroKey, context: [])
    for index in sealed.indices {
      var changed = sealed
      changed[index] ^= 1
      #expect(throws: Cryptography.Failure.self) { try Cryptography.open(changed, key: Self.zeroKey, context: []) }
      let short = Array(sealed[..<index])
      #expect(throws: Cryptography.Failure.self) { try Cryptography.open(short, key: Self.zeroKey, context: []) }
    }
  }

  @Test func sealingTwiceGivesDifferentBytes() throws {
    let one = try Cryptography.seal([1, 2, 3], key: Self.zeroKey, context: [])
    let two = try Cryptography.seal([1, 2, 3], key: Self.zeroKey, context: [])
    #expect(one != two)
  }

  @Test func keysAndSecretsHaveTheFormClientsExpect() throws {
    var seen: Set<String> = []
    var letters: Set<Character> = []
    for _ in 0..<200 {
      let new = try NewKey.make()
      #expect(new.key.count == 12 && new.secret.count == 64)
      #expect((new.key + new.secret).allSatisfy { NewKey.alphabet.contains($0) })
      seen.formUnion([new.key, new.secret])
      letters.formUnion(new.secret)
    }
    #expect(seen.count == 400)
    #expect(letters.count == 36)
  }

  @Test func hexadecimalGoesBothWays() {
    let all = (0...255).map { UInt8($0) }
    #expect(Hexadecimal.bytes(Hexadecimal.text(all)) == all)
    #expect(Hexadecimal.bytes("0aFf") == [10, 255])
    #expect(Hexadecimal.bytes("abc") == nil)
    #expect(Hexadecimal.bytes("zz") == nil)
  }
}
