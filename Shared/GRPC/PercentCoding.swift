/// Percent-encoding of `grpc-message` (gRPC over HTTP/2, "Status-Message"): bytes outside 0x20…0x7E, and `%`, become
/// `%XX` of their UTF-8.
public func percentEncoded(_ text: String) -> String {
  if text.utf8.allSatisfy({ $0 >= 0x20 && $0 <= 0x7E && $0 != 0x25 }) { return text }
  let digits = Array("0123456789ABCDEF".utf8)
  var out: [UInt8] = []
  for byte in text.utf8 {
    if byte >= 0x20, byte <= 0x7E, byte != 0x25 {
      out.append(byte)
    } else {
      out += [0x25, digits[Int(byte >> 4)], digits[Int(byte & 15)]]
    }
  }
  return String(decoding: out, as: UTF8.self)
}

/// The text again. Never fails, as the rule demands: broken escapes stay as they are, broken UTF-8 is replaced.
public func percentDecoded(_ text: String) -> String {
  func digit(_ byte: UInt8) -> UInt8? { UInt8(String(UnicodeScalar(byte)), radix: 16) }
  let bytes = Array(text.utf8)
  guard bytes.contains(0x25) else { return text }
  var out: [UInt8] = []
  var index = 0
  while index < bytes.count {
    if bytes[index] == 0x25, index + 2 < bytes.count, let high = digit(bytes[index + 1]),
      let low = digit(bytes[index + 2])
    {
      out.append(high << 4 | low)
      index += 3
    } else {
      out.append(bytes[index])
      index += 1
    }
  }
  return String(decoding: out, as: UTF8.self)
}
