extension ActivityID: CustomStringConvertible {
  /// Characters of the text: 32 hex digits and four hyphens.
  public static let textBytes = 36

  /// Reads the 36 characters of a UUID of any version, hex digits in either case (feeds T1); `nil` if that is not its form.
  public init?(_ text: some StringProtocol) { self.init(utf8: text.utf8) }

  /// Reads the 36 characters of a UUID of any version; `nil` if that is not its form.
  public init?(utf8 text: some Collection<UInt8>) {
    guard text.count == Self.textBytes else { return nil }
    var high: UInt64 = 0
    var low: UInt64 = 0
    var digits = 0
    var position = 0
    for byte in text {
      defer { position += 1 }
      if position == 8 || position == 13 || position == 18 || position == 23 {
        guard byte == UInt8(ascii: "-") else { return nil }
        continue
      }
      guard let digit = hexDigit(byte) else { return nil }
      if digits < 16 { high = high << 4 | digit } else { low = low << 4 | digit }
      digits += 1
    }
    self.init(high: high, low: low)
  }

  /// Reads the 16 bytes in the order of the UUID's text; `nil` if there are not 16.
  public init?(bytes: some Collection<UInt8>) {
    guard bytes.count == 16 else { return nil }
    let high = bytes.prefix(8).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    let low = bytes.dropFirst(8).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    self.init(high: high, low: low)
  }

  /// The first eight bytes of the UUID, `time_low`, `time_mid`, `time_hi_and_version`, and the last eight.
  private init(high: UInt64, low: UInt64) {
    let ticks = high >> 32 | (high >> 16 & 0xFFFF) << 32 | (high & 0x0FFF) << 48
    self.init(ticks: ticks, low: low, version: UInt8(truncatingIfNeeded: high >> 12 & 0xF))
  }

  /// The UUID's text, lower case (feeds T1).
  public var description: String {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(Self.textBytes)
    append(to: &bytes)
    return String(decoding: bytes, as: UTF8.self)
  }

  /// Appends the 36 characters of `description`.
  public func append(to out: inout [UInt8]) {
    let timeHigh = ticks >> 48 & 0x0FFF | UInt64(version) << 12
    let high = ticks << 32 | (ticks >> 32 & 0xFFFF) << 16 | timeHigh
    appendHex(high, fromBit: 60, digits: 8, to: &out)
    out.append(UInt8(ascii: "-"))
    appendHex(high, fromBit: 28, digits: 4, to: &out)
    out.append(UInt8(ascii: "-"))
    appendHex(high, fromBit: 12, digits: 4, to: &out)
    out.append(UInt8(ascii: "-"))
    appendHex(low, fromBit: 60, digits: 4, to: &out)
    out.append(UInt8(ascii: "-"))
    appendHex(low, fromBit: 44, digits: 12, to: &out)
  }
}

private func appendHex(_ value: UInt64, fromBit: Int, digits: Int, to out: inout [UInt8]) {
  for index in 0..<digits {
    let digit = UInt8(truncatingIfNeeded: value >> UInt64(fromBit - 4 * index)) & 0xF
    out.append(digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10)
  }
}

private func hexDigit(_ byte: UInt8) -> UInt64? {
  switch byte {
  case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt64(byte - UInt8(ascii: "0"))
  case UInt8(ascii: "a")...UInt8(ascii: "f"): UInt64(byte - UInt8(ascii: "a") + 10)
  case UInt8(ascii: "A")...UInt8(ascii: "F"): UInt64(byte - UInt8(ascii: "A") + 10)
  default: nil
  }
}
