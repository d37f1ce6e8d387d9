/// The header `traceparent` (W3C Trace Context, section 3.2): `00-<32 hex digits>-<16 hex digits>-<2 hex digits>`.
enum TraceParent {
  /// The sixteen bytes of its trace id; `nil` if that is not its form, or it is all zero.
  static func traceID(_ header: String) -> [UInt8]? {
    let parts = header.split(separator: "-", omittingEmptySubsequences: false)
    guard parts.count >= 4, parts[0].utf8.count == 2, parts[1].utf8.count == 32 else { return nil }
    var bytes: [UInt8] = []
    var rest = parts[1]
    while !rest.isEmpty {
      guard rest.utf8.prefix(2).allSatisfy({ $0 != UInt8(ascii: "+") }), let byte = UInt8(rest.prefix(2), radix: 16)
      else { return nil }
      bytes.append(byte)
      rest = rest.dropFirst(2)
    }
    return bytes.contains { $0 != 0 } ? bytes : nil
  }
}
