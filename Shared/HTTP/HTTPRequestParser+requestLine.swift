extension HTTPRequestParser {
  /// RFC 9112 §3: `method SP request-target SP HTTP-version`, each separated by exactly one space.
  mutating func readRequestLine(_ line: UnsafeRawBufferPointer) throws(HTTPRefusal) {
    guard let methodEnd = line.firstIndex(of: 0x20), methodEnd > 0 else { throw .malformed("malformed request line") }
    for byte in line[..<methodEnd] where !CharacterClass.token.contains(byte) {
      throw .malformed("invalid character in method")
    }
    var targetEnd = methodEnd + 1
    var queryStart: Int?
    while targetEnd < line.count, line[targetEnd] != 0x20 {
      let byte = line[targetEnd]
      guard CharacterClass.target.contains(byte) else { throw .malformed("invalid character in request target") }
      if byte == 0x25 {
        guard targetEnd + 2 < line.count, hexadecimalValue(line[targetEnd + 1]) != nil,
          hexadecimalValue(line[targetEnd + 2]) != nil
        else { throw .malformed("broken percent-encoding in request target") }
      }
      if byte == 0x3F, queryStart == nil { queryStart = targetEnd }
      targetEnd += 1
    }
    guard targetEnd < line.count, targetEnd > methodEnd + 1 else { throw .malformed("malformed request line") }
    guard targetEnd - methodEnd - 1 <= limits.targetBytesMax else {
      throw HTTPRefusal(414, "request target longer than \(limits.targetBytesMax) bytes")
    }
    try readVersion(UnsafeRawBufferPointer(rebasing: line[(targetEnd + 1)...]))
    guard methodEnd <= 32 else { throw HTTPRefusal(501, "method not implemented") }
    request.method = HTTPMethod(UnsafeRawBufferPointer(rebasing: line[..<methodEnd]))
    if case .other("CONNECT") = request.method { throw HTTPRefusal(501, "CONNECT is not implemented") }
    let query = queryStart ?? targetEnd
    request.query =
      queryStart == nil
      ? "" : String(decoding: UnsafeRawBufferPointer(rebasing: line[(query + 1)..<targetEnd]), as: UTF8.self)
    try readPath(UnsafeRawBufferPointer(rebasing: line[(methodEnd + 1)..<query]), hasQuery: queryStart != nil)
  }

  private mutating func readVersion(_ bytes: UnsafeRawBufferPointer) throws(HTTPRefusal) {
    let name: StaticString = "HTTP/"
    guard bytes.count == 8, isDigit(bytes[5]), bytes[6] == 0x2E, isDigit(bytes[7]) else {
      throw .malformed("malformed HTTP version")
    }
    for index in 0..<5 where bytes[index] != name.utf8Start[index] { throw .malformed("malformed HTTP version") }
    guard bytes[5] == 0x31, bytes[7] <= 0x31 else { throw HTTPRefusal(505, "only HTTP/1.0 and HTTP/1.1 are served") }
    framing.minorVersion = Int(bytes[7] - 0x30)
  }

  /// The forms of RFC 9112 §3.2: origin, absolute (whose authority then stands for `Host`) and `*`.
  private mutating func readPath(_ bytes: UnsafeRawBufferPointer, hasQuery: Bool) throws(HTTPRefusal) {
    if bytes.first == 0x2F {
      request.path = String(decoding: bytes, as: UTF8.self)
      return
    }
    if bytes.count == 1, bytes[0] == 0x2A, !hasQuery {
      guard request.method == .options else { throw .malformed("* is a target of OPTIONS alone") }
      request.path = "*"
      return
    }
    let schemes: [StaticString] = ["http://", "https://"]
    for scheme in schemes where bytes.count > scheme.utf8CodeUnitCount {
      let start = scheme.utf8CodeUnitCount
      guard equalsIgnoringCase(UnsafeRawBufferPointer(rebasing: bytes[..<start]), scheme) else { continue }
      let end = bytes[start...].firstIndex(of: 0x2F) ?? bytes.count
      let authority = UnsafeRawBufferPointer(rebasing: bytes[start..<end])
      guard isHost(authority) else { throw .malformed("invalid authority in request target") }
      framing.absoluteAuthority = String(decoding: authority, as: UTF8.self)
      request.path = end == bytes.count ? "/" : String(decoding: bytes[end...], as: UTF8.self)
      return
    }
    throw .malformed("request target is neither a path nor a URL")
  }

  /// `uri-host [":" port]` of RFC 9110 §7.2, not empty.
  func isHost(_ bytes: UnsafeRawBufferPointer) -> Bool {
    guard let first = bytes.first else { return false }
    var end = 0
    if first == 0x5B {
      guard let close = bytes.firstIndex(of: 0x5D), close > 1 else { return false }
      for byte in bytes[1..<close] where hexadecimalValue(byte) == nil && byte != 0x3A && byte != 0x2E { return false }
      end = close + 1
    } else {
      while end < bytes.count, bytes[end] != 0x3A {
        guard CharacterClass.host.contains(bytes[end]) else { return false }
        end += 1
      }
      guard end > 0 else { return false }
    }
    if end == bytes.count { return true }
    guard bytes[end] == 0x3A else { return false }
    var port = 0
    for byte in bytes[(end + 1)...] {
      guard isDigit(byte) else { return false }
      port = port * 10 + Int(byte - 0x30)
      guard port <= 65_535 else { return false }
    }
    return true
  }
}

extension HTTPMethod {
  /// Reads a method name; methods are case-sensitive (RFC 9110 §9.1).
  init(_ bytes: UnsafeRawBufferPointer) {
    switch String(decoding: bytes, as: UTF8.self) {
    case "GET": self = .get
    case "HEAD": self = .head
    case "POST": self = .post
    case "PUT": self = .put
    case "PATCH": self = .patch
    case "DELETE": self = .delete
    case "OPTIONS": self = .options
    case let name: self = .other(name)
    }
  }
}
