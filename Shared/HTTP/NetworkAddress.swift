import CLinux
import Glibc

/// An IPv4 or IPv6 address, and whether it belongs to the public internet.
struct NetworkAddress: CustomStringConvertible {
  /// 4 or 16 bytes in network order.
  let bytes: [UInt8]

  init(bytes: [UInt8]) { self.bytes = bytes }

  /// Reads a `sockaddr` of that family.
  init?(family: Int32, socketAddress: UnsafeRawBufferPointer) {
    switch family {
    case AF_INET where socketAddress.count >= 8: bytes = Array(socketAddress[4..<8])
    case AF_INET6 where socketAddress.count >= 24: bytes = Array(socketAddress[8..<24])
    default: return nil
    }
  }

  /// Whether a customer's URL must not lead here: the special-purpose registries of RFC 6890 (loopback, private,
  /// link-local with the cloud's metadata service, shared, documentation, benchmarking, multicast, reserved), and IPv6
  /// forms that carry an IPv4 address, judged by that address.
  var isSpecial: Bool {
    if bytes.count == 4 { return Self.isSpecialIPv4(bytes[0], bytes[1], bytes[2]) }
    guard bytes.count == 16 else { return true }
    let head = bytes[0..<12]
    if head.allSatisfy({ $0 == 0 }) { return true }  // ::, ::1 and the old IPv4-compatible form
    if head.prefix(10).allSatisfy({ $0 == 0 }), bytes[10] == 0xFF, bytes[11] == 0xFF {
      return Self.isSpecialIPv4(bytes[12], bytes[13], bytes[14])
    }
    if head.elementsEqual([0, 0x64, 0xFF, 0x9B, 0, 0, 0, 0, 0, 0, 0, 0]) {  // NAT64
      return Self.isSpecialIPv4(bytes[12], bytes[13], bytes[14])
    }
    if bytes[0] == 0x20, bytes[1] == 0x02 { return Self.isSpecialIPv4(bytes[2], bytes[3], bytes[4]) }  // 6to4
    if bytes[0] == 0x20, bytes[1] == 0x01, bytes[2] <= 0x01 { return true }  // 2001::/23: Teredo and other special uses
    if bytes[0] == 0x20, bytes[1] == 0x01, bytes[2] == 0x0D, bytes[3] == 0xB8 { return true }  // documentation
    return bytes[0] & 0xE0 != 0x20  // only 2000::/3 is public
  }

  private static func isSpecialIPv4(_ a: UInt8, _ b: UInt8, _ c: UInt8) -> Bool {
    switch (a, b, c) {
    case (0, _, _), (10, _, _), (127, _, _), (224..., _, _): true
    case (100, 64...127, _): true
    case (169, 254, _): true
    case (172, 16...31, _): true
    case (192, 0, 0), (192, 0, 2), (192, 88, 99), (192, 168, _): true
    case (198, 18...19, _), (198, 51, 100), (203, 0, 113): true
    default: false
    }
  }

  var description: String {
    let family = bytes.count == 4 ? AF_INET : AF_INET6
    return withUnsafeTemporaryAllocation(of: CChar.self, capacity: Int(INET6_ADDRSTRLEN)) { text in
      guard let base = text.baseAddress, inet_ntop(family, bytes, base, socklen_t(text.count)) != nil else {
        return "?"
      }
      return String(cString: base)
    }
  }
}
