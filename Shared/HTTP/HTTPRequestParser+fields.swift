extension HTTPRequestParser {
  /// RFC 9112 §5: `field-name ":" OWS field-value OWS`, no space before the colon, no folding.
  mutating func readField(_ line: UnsafeRawBufferPointer) throws(HTTPRefusal) {
    let (name, value) = try splitField(line)
    try readFraming(name, value)
    request.headers.append(
      HTTPRequest.Header(String(decoding: name, as: UTF8.self), String(decoding: value, as: UTF8.self)))
  }

  /// Trailer fields are checked like header fields and dropped (RFC 9110 §6.5.1).
  mutating func readTrailer(_ line: UnsafeRawBufferPointer) throws(HTTPRefusal) {
    let (name, _) = try splitField(line)
    let forbidden: [StaticString] = ["content-length", "transfer-encoding", "host", "connection", "authorization"]
    for field in forbidden where equalsIgnoringCase(name, field) {
      throw .malformed("field not allowed in a trailer")
    }
  }

  private mutating func splitField(
    _ line: UnsafeRawBufferPointer
  ) throws(HTTPRefusal) -> (name: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer) {
    fieldCount += 1
    guard fieldCount <= limits.headersMax else {
      throw HTTPRefusal(431, "more than \(limits.headersMax) header fields")
    }
    var colon = 0
    while colon < line.count, CharacterClass.token.contains(line[colon]) { colon += 1 }
    guard colon > 0, colon < line.count, line[colon] == 0x3A else { throw .malformed("malformed header field") }
    var start = colon + 1
    var end = line.count
    for byte in line[start...] where !isFieldValueByte(byte) { throw .malformed("control character in header field") }
    while start < end, line[start] == 0x20 || line[start] == 0x09 { start += 1 }
    while end > start, line[end - 1] == 0x20 || line[end - 1] == 0x09 { end -= 1 }
    return (UnsafeRawBufferPointer(rebasing: line[..<colon]), UnsafeRawBufferPointer(rebasing: line[start..<end]))
  }

  /// Picks out the fields that say where the message ends and what becomes of the connection.
  private mutating func readFraming(
    _ name: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer
  ) throws(HTTPRefusal) {
    switch name.count {
    case 4 where equalsIgnoringCase(name, "host"):
      guard !framing.hostSeen else { throw .malformed("more than one Host") }
      guard isHost(value) else { throw .malformed("invalid Host") }
      framing.hostSeen = true
    case 6 where equalsIgnoringCase(name, "expect"):
      if framing.minorVersion == 0 { return }  // RFC 9110 §10.1.1: ignored in HTTP/1.0
      guard equalsIgnoringCase(value, "100-continue") else { throw HTTPRefusal(417, "unknown expectation") }
      framing.expectsContinue = true
    case 10 where equalsIgnoringCase(name, "connection"):
      readConnection(value)
    case 14 where equalsIgnoringCase(name, "content-length"):
      guard framing.contentLength == nil else { throw .malformed("more than one Content-Length") }
      framing.contentLength = try readContentLength(value)
    case 17 where equalsIgnoringCase(name, "transfer-encoding"):
      try readTransferEncoding(value)
    default: break
    }
  }

  private func readContentLength(_ value: UnsafeRawBufferPointer) throws(HTTPRefusal) -> Int {
    guard !value.isEmpty else { throw .malformed("empty Content-Length") }
    var length = 0
    for byte in value {
      guard isDigit(byte) else { throw .malformed("Content-Length is not a number") }
      let (product, overflow) = length.multipliedReportingOverflow(by: 10)
      let (sum, carried) = product.addingReportingOverflow(Int(byte - 0x30))
      guard !overflow, !carried else { throw .malformed("Content-Length too large") }
      length = sum
    }
    return length
  }

  /// RFC 9112 §6.1: `chunked`, once and last. Other codings are not implemented.
  private mutating func readTransferEncoding(_ value: UnsafeRawBufferPointer) throws(HTTPRefusal) {
    guard framing.minorVersion >= 1 else { throw .malformed("Transfer-Encoding in HTTP/1.0") }
    guard !framing.isChunked else { throw .malformed("more than one Transfer-Encoding") }
    if equalsIgnoringCase(value, "chunked") {
      framing.isChunked = true
      return
    }
    let codings = listItems(value)
    guard let last = codings.last, equalsIgnoringCase(last, "chunked"),
      !codings.dropLast().contains(where: { $0.isEmpty || equalsIgnoringCase($0, "chunked") })
    else { throw .malformed("Transfer-Encoding does not end with chunked") }
    throw HTTPRefusal(501, "only the transfer coding chunked is implemented")
  }

  private mutating func readConnection(_ value: UnsafeRawBufferPointer) {
    for option in listItems(value) {
      if equalsIgnoringCase(option, "close") { framing.closeSeen = true }
      if equalsIgnoringCase(option, "keep-alive") { framing.keepAliveSeen = true }
    }
  }

  private func listItems(_ value: UnsafeRawBufferPointer) -> [UnsafeRawBufferPointer] {
    value.split(separator: 0x2C, omittingEmptySubsequences: false).map { item in
      var item = item
      while let first = item.first, first == 0x20 || first == 0x09 { item.removeFirst() }
      while let last = item.last, last == 0x20 || last == 0x09 { item.removeLast() }
      return UnsafeRawBufferPointer(rebasing: item)
    }
  }

  /// What can only be judged when all fields are there.
  mutating func finishHead() throws(HTTPRefusal) {
    guard framing.hostSeen || framing.minorVersion == 0 else { throw .malformed("Host missing") }
    if framing.isChunked, framing.contentLength != nil {
      throw .malformed("both Transfer-Encoding and Content-Length")
    }
    if let authority = framing.absoluteAuthority {
      // RFC 9112 §3.2.2: the target's authority replaces a Host that was received.
      request.headers.removeAll { $0.isNamed("host") }
      request.headers.append(HTTPRequest.Header("Host", authority))
    }
  }
}
