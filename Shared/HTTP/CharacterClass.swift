/// Character classes of RFC 9110 and RFC 3986 as bit sets over ASCII: two words each, no table to load.
struct CharacterClass {
  private let low: UInt64
  private let high: UInt64

  init(_ members: StaticString) {
    var low: UInt64 = 0
    var high: UInt64 = 0
    members.withUTF8Buffer { bytes in
      for byte in bytes {
        if byte < 64 { low |= 1 << UInt64(byte) } else { high |= 1 << UInt64(byte - 64) }
      }
    }
    self.low = low
    self.high = high
  }

  init(low: UInt64, high: UInt64) {
    self.low = low
    self.high = high
  }

  @inline(__always)
  func contains(_ byte: UInt8) -> Bool {
    if byte < 64 { return low &>> UInt64(byte) & 1 == 1 }
    return byte < 128 && high &>> UInt64(byte &- 64) & 1 == 1
  }

  /// `tchar` of RFC 9110 §5.6.2: letters, digits and ``!#$%&'*+-.^_`|~``.
  @inline(__always)
  static var token: CharacterClass { CharacterClass(low: 0x03FF_6CFA_0000_0000, high: 0x57FF_FFFF_C7FF_FFFE) }

  /// What a request target may hold as sent: visible ASCII without ``"#<>\^` ``. Wider than RFC 3986 by `[]{|}`,
  /// which clients leave unencoded in queries and which nothing confuses with a delimiter.
  @inline(__always)
  static var target: CharacterClass { CharacterClass(low: 0xAFFF_FFF2_0000_0000, high: 0x7FFF_FFFE_AFFF_FFFF) }

  /// `reg-name` of RFC 3986 §3.2.2 without `,`, which would let two hosts pass as one.
  @inline(__always)
  static var host: CharacterClass { CharacterClass(low: 0x2BFF_6FF2_0000_0000, high: 0x47FF_FFFE_87FF_FFFE) }
}

/// `field-vchar`, space or tab: what a field value may hold (RFC 9110 §5.5).
@inline(__always)
func isFieldValueByte(_ byte: UInt8) -> Bool { byte >= 0x20 && byte != 0x7F || byte == 0x09 }

@inline(__always)
func isDigit(_ byte: UInt8) -> Bool { byte &- 0x30 < 10 }

/// The value of a hexadecimal digit, or `nil`.
@inline(__always)
func hexadecimalValue(_ byte: UInt8) -> UInt8? {
  switch byte {
  case 0x30...0x39: byte &- 0x30
  case 0x41...0x46: byte &- 0x37
  case 0x61...0x66: byte &- 0x57
  default: nil
  }
}

/// Whether `bytes` are the lower-case ASCII text `expected`, in any case.
@inline(__always)
func equalsIgnoringCase(_ bytes: UnsafeRawBufferPointer, _ expected: StaticString) -> Bool {
  guard bytes.count == expected.utf8CodeUnitCount else { return false }
  for index in 0..<bytes.count where bytes[index] | 0x20 != expected.utf8Start[index] {
    // `| 0x20` folds letters; of the other bytes only `-` matters in the names compared here, and it has the bit set.
    return false
  }
  return true
}
