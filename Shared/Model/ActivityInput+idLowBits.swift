extension ActivityInput {
  /// The 62 low bits of the id of an activity with a foreign id (feeds T2): 14 bits from the decimal digits that end it,
  /// modulo 2^14, then the first 48 bits of its SHA-256. So items numbered in one microsecond keep their order.
  public static func idLowBits(ofForeignID foreignID: String) -> UInt64 {
    let bytes = Array(foreignID.utf8)
    let digits = bytes.reversed().prefix { $0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9") }.reversed()
    let number = digits.reduce(UInt64(0)) { ($0 * 10 + UInt64($1 - UInt8(ascii: "0"))) & 0x3FFF }
    return number << 48 | firstBits(SHA256Digest.of(bytes)) >> 16
  }

  /// The 62 low bits of the id of an activity without one: the first 62 bits of the SHA-256 of its canonical content
  /// (feeds T2, T6).
  public static func idLowBits(ofContent canonical: [UInt8]) -> UInt64 { firstBits(SHA256Digest.of(canonical)) >> 2 }

  private static func firstBits(_ digest: [UInt8]) -> UInt64 { digest.prefix(8).reduce(0) { $0 << 8 | UInt64($1) } }
}
