/// The header `grpc-timeout` (gRPC over HTTP/2, "Timeout"): at most eight digits and a unit.
enum GRPCTimeout {
  /// Nanoseconds, or `nil` where the text is no timeout. Saturates where it would not fit.
  static func nanoseconds(_ text: some BidirectionalCollection<UInt8>) -> UInt64? {
    guard text.count >= 2, text.count <= 9, let unit = text.last else { return nil }
    var value: UInt64 = 0
    for digit in text.dropLast() {
      guard digit >= 0x30, digit <= 0x39 else { return nil }
      value = value * 10 + UInt64(digit - 0x30)
    }
    let factor: UInt64
    switch unit {
    case UInt8(ascii: "H"): factor = 3_600_000_000_000
    case UInt8(ascii: "M"): factor = 60_000_000_000
    case UInt8(ascii: "S"): factor = 1_000_000_000
    case UInt8(ascii: "m"): factor = 1_000_000
    case UInt8(ascii: "u"): factor = 1_000
    case UInt8(ascii: "n"): factor = 1
    default: return nil
    }
    let (product, overflow) = value.multipliedReportingOverflow(by: factor)
    return overflow ? UInt64.max : product
  }

  /// The shortest unit that fits eight digits, rounded up, so that the server never gives up before the client.
  static func append(_ nanoseconds: UInt64, to bytes: inout [UInt8]) {
    // Milliseconds first: equal values of one setting then repeat on the wire and compress to one byte.
    let units: [(UInt64, UInt8)] = [(1_000_000, 0x6D), (1_000_000_000, 0x53), (60_000_000_000, 0x4D)]
    for (factor, unit) in units {
      let value = nanoseconds / factor + (nanoseconds % factor == 0 ? 0 : 1)
      if value <= 99_999_999 {
        appendDecimal(value, to: &bytes)
        bytes.append(unit)
        return
      }
    }
    bytes += Array("99999999H".utf8)
  }

  static func appendDecimal(_ value: UInt64, to bytes: inout [UInt8]) {
    let start = bytes.count
    var rest = value
    repeat {
      bytes.append(0x30 + UInt8(rest % 10))
      rest /= 10
    } while rest > 0
    bytes[start...].reverse()
  }
}
