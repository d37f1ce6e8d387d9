import Glibc

extension HTTPRequestParser {
  /// The next line without its line end, or `nil` while it is unfinished. What is too long is refused at the same byte
  /// whether the rest of the line is there or not.
  mutating func nextLine(
    _ input: UnsafeRawBufferPointer, _ position: inout Int
  ) throws(HTTPRefusal) -> UnsafeRawBufferPointer? {
    let available = input.count - position
    guard available > 0, let base = input.baseAddress else { return nil }
    let start = base + position
    if case .requestLine = state, !CharacterClass.token.contains(input[position]), input[position] != 0x0D {
      // Told at once, because such input (a TLS hello, say) may never bring a line end.
      throw .malformed("request does not begin with a method")
    }
    let limit = lineBytesMax
    let searched = min(scanned, available)
    let window = min(available, limit) - searched
    guard window > 0, let found = memchr(start + searched, 0x0A, window) else {
      if available >= limit { throw lineTooLong() }
      scanned = available
      return nil
    }
    let length = UnsafeRawPointer(found) - start
    scanned = 0
    position += length + 1
    account(lineBytes: length + 1)
    guard length > 0, start.load(fromByteOffset: length - 1, as: UInt8.self) == 0x0D else {
      throw .malformed("line ends with a bare LF")
    }
    return UnsafeRawBufferPointer(start: start, count: length - 1)
  }

  private var lineBytesMax: Int {
    switch state {
    case .requestLine: min(limits.targetBytesMax + 64, limits.headerBytesMax - headBytes)
    case .chunkSize: 20 + limits.chunkExtensionBytesMax - chunkExtensionBytes
    default: limits.headerBytesMax - headBytes
    }
  }

  private mutating func account(lineBytes: Int) {
    if case .chunkSize = state { return }
    headBytes += lineBytes
  }

  private func lineTooLong() -> HTTPRefusal {
    switch state {
    case .requestLine: HTTPRefusal(414, "request target longer than \(limits.targetBytesMax) bytes")
    case .chunkSize: .malformed("chunk size line too long")
    default: HTTPRefusal(431, "header fields larger than \(limits.headerBytesMax) bytes")
    }
  }

  mutating func read(line: UnsafeRawBufferPointer) throws(HTTPRefusal) {
    switch state {
    case .requestLine:
      if line.isEmpty {
        // RFC 9112 §2.2: one empty line before the request line is forgiven.
        guard !emptyLineSkipped else { throw .malformed("empty lines before the request line") }
        emptyLineSkipped = true
        return
      }
      try readRequestLine(line)
      state = .fields
    case .fields:
      if line.isEmpty {
        try finishHead()
        state = .headDone
      } else {
        try readField(line)
      }
    case .chunkSize:
      try readChunkSize(line)
    case .trailers:
      if line.isEmpty { state = .complete } else { try readTrailer(line) }
    default: preconditionFailure("no line is read in this state")
    }
  }

  /// RFC 9112 §7.1: hexadecimal digits, then nothing or extensions, which are checked and dropped.
  private mutating func readChunkSize(_ line: UnsafeRawBufferPointer) throws(HTTPRefusal) {
    var size = 0
    var index = 0
    while index < line.count, let digit = hexadecimalValue(line[index]) {
      guard index < 16, size <= Int.max >> 4 else { throw .malformed("chunk size too long") }
      size = size << 4 | Int(digit)
      index += 1
    }
    guard index > 0 else { throw .malformed("chunk size missing") }
    if index < line.count {
      guard line[index] == 0x3B else { throw .malformed("chunk size is not hexadecimal") }
      for byte in line[index...] where !isFieldValueByte(byte) {
        throw .malformed("control character in chunk extension")
      }
      chunkExtensionBytes += line.count - index
      guard chunkExtensionBytes <= limits.chunkExtensionBytesMax else { throw .malformed("chunk extensions too long") }
    }
    guard size > 0 else {
      state = .trailers
      return
    }
    guard size <= bodyBytesMax - request.body.count else { throw bodyTooLarge() }
    state = .chunkData(remaining: size)
  }
}
