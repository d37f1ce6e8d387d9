/// Percent-encoding (RFC 3986 §2.1) and the form encoding of queries.
public enum PercentEncoding {
  /// Decodes `bytes`; `nil` where an escape is broken, the result is not UTF-8, or it holds a NUL.
  /// - Parameter form: whether `+` stands for a space.
  public static func decode(_ bytes: some Collection<UInt8>, form: Bool = false) -> String? {
    // Most names and values stand for themselves.
    if bytes.allSatisfy({ $0 != 0x25 && $0 != 0 && ($0 != 0x2B || !form) }) {
      return String(validating: bytes, as: UTF8.self)
    }
    var decoded: [UInt8] = []
    decoded.reserveCapacity(bytes.count)
    var iterator = bytes.makeIterator()
    while let byte = iterator.next() {
      switch byte {
      case 0x25:
        guard let high = iterator.next().flatMap(hexadecimalValue), let low = iterator.next().flatMap(hexadecimalValue),
          high | low != 0
        else { return nil }
        decoded.append(high << 4 | low)
      case 0x2B where form: decoded.append(0x20)
      case 0: return nil
      default: decoded.append(byte)
      }
    }
    return String(validating: decoded, as: UTF8.self)
  }

  /// Encodes everything but letters, digits and `-._~`.
  public static func encode(_ text: String) -> String {
    let digits = Array("0123456789ABCDEF".utf8)
    var encoded: [UInt8] = []
    for byte in text.utf8 {
      switch byte {
      case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x2E, 0x5F, 0x7E: encoded.append(byte)
      default: encoded += [0x25, digits[Int(byte >> 4)], digits[Int(byte & 15)]]
      }
    }
    return String(decoding: encoded, as: UTF8.self)
  }
}
