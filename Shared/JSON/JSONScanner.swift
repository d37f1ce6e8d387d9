/// Checks JSON text in one pass and notes every value (RFC 8259, stricter: no duplicate names, bounded depth).
///
/// A state machine without recursion: depth costs one bit in `isObject`, no stack.
struct JSONScanner {
  private let buffer: UnsafeBufferPointer<UInt8>
  private let limits: JSONLimits
  private var position = 0
  private var tokens: [JSONToken] = []
  /// One bit a level, the innermost lowest: whether it is an object.
  private var isObject: UInt64 = 0
  /// Token indices of the open containers.
  private var open: [Int] = []

  init(_ buffer: UnsafeBufferPointer<UInt8>, limits: JSONLimits) {
    self.buffer = buffer
    self.limits = limits
  }

  mutating func scan() throws(JSONError) -> [JSONToken] {
    guard buffer.count < Int(UInt32.max) else { throw JSONError(.tooLong, at: Int(UInt32.max)) }
    tokens.reserveCapacity(min(buffer.count / 8 + 4, 4_096))
    skipSpace()
    guard position < buffer.count else { throw JSONError(.empty, at: position) }
    try value()
    while !open.isEmpty { try afterValue() }
    skipSpace()
    guard position == buffer.count else { throw JSONError(.trailingBytes, at: position) }
    return tokens
  }

  // MARK: Structure

  /// Reads a value; of a container, all up to and with its first element, or the whole if it is empty.
  private mutating func value() throws(JSONError) {
    while true {
      skipSpace()
      guard position < buffer.count else { throw JSONError(.unexpectedEnd, at: position) }
      switch buffer[position] {
      case UInt8(ascii: "{"):
        try enter(.object)
        guard try !closes(UInt8(ascii: "}")) else { return }
        try name()
      case UInt8(ascii: "["):
        try enter(.array)
        guard try !closes(UInt8(ascii: "]")) else { return }
      case UInt8(ascii: "\""): return try string()
      case UInt8(ascii: "t"): return try literal("true", .true)
      case UInt8(ascii: "f"): return try literal("false", .false)
      case UInt8(ascii: "n"): return try literal("null", .null)
      case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return try number()
      default: throw JSONError(.unexpectedByte, at: position)
      }
    }
  }

  /// After a value inside a container: a comma and the next one, or the end of the container.
  private mutating func afterValue() throws(JSONError) {
    tokens[open[open.count - 1]].count += 1
    skipSpace()
    guard position < buffer.count else { throw JSONError(.unexpectedEnd, at: position) }
    let inObject = isObject & 1 == 1
    switch buffer[position] {
    case UInt8(ascii: ","):
      position += 1
      if inObject {
        skipSpace()
        try name()
      }
      try value()
    case UInt8(ascii: "}") where inObject, UInt8(ascii: "]") where !inObject:
      position += 1
      try leave()
    default: throw JSONError(.unexpectedByte, at: position)
    }
  }

  private mutating func enter(_ kind: JSONKind) throws(JSONError) {
    guard open.count < limits.depthMax else { throw JSONError(.tooDeep, at: position) }
    open.append(tokens.count)
    isObject = isObject << 1 | (kind == .object ? 1 : 0)
    append(kind, from: position)
    position += 1
  }

  private mutating func closes(_ bracket: UInt8) throws(JSONError) -> Bool {
    skipSpace()
    guard position < buffer.count else { throw JSONError(.unexpectedEnd, at: position) }
    guard buffer[position] == bracket else { return false }
    position += 1
    try leave()
    return true
  }

  private mutating func leave() throws(JSONError) {
    let index = open.removeLast()
    isObject >>= 1
    tokens[index].end = UInt32(position)
    tokens[index].next = UInt32(tokens.count)
    if tokens[index].kind == .object { try refuseDuplicateNames(of: index) }
  }

  private mutating func name() throws(JSONError) {
    guard position < buffer.count else { throw JSONError(.unexpectedEnd, at: position) }
    guard buffer[position] == UInt8(ascii: "\"") else { throw JSONError(.unexpectedByte, at: position) }
    guard tokens[open[open.count - 1]].count < limits.membersMax else { throw JSONError(.tooManyMembers, at: position) }
    try string()
    skipSpace()
    guard position < buffer.count else { throw JSONError(.unexpectedEnd, at: position) }
    guard buffer[position] == UInt8(ascii: ":") else { throw JSONError(.unexpectedByte, at: position) }
    position += 1
  }

  private mutating func append(_ kind: JSONKind, from start: Int, isEscaped: Bool = false) {
    tokens.append(
      JSONToken(
        start: UInt32(start), end: UInt32(position), next: UInt32(tokens.count + 1), count: 0, kind: kind,
        isEscaped: isEscaped))
  }

  private mutating func skipSpace() {
    while position < buffer.count {
      switch buffer[position] {
      case 0x20, 0x0A, 0x0D, 0x09: position += 1
      default: return
      }
    }
  }

  // MARK: Scalars

  private mutating func literal(_ text: StaticString, _ kind: JSONKind) throws(JSONError) {
    let start = position
    let count = text.utf8CodeUnitCount
    for index in 0..<count {
      guard start + index < buffer.count else { throw JSONError(.unexpectedEnd, at: buffer.count) }
      guard buffer[start + index] == text.utf8Start[index] else { throw JSONError(.invalidLiteral, at: start) }
    }
    position = start + count
    append(kind, from: start)
  }

  private mutating func digits() -> Int {
    let start = position
    while position < buffer.count, buffer[position] &- UInt8(ascii: "0") < 10 { position += 1 }
    return position - start
  }

  private mutating func number() throws(JSONError) {
    let start = position
    func peek(_ byte: UInt8) -> Bool { position < buffer.count && buffer[position] == byte }
    if peek(UInt8(ascii: "-")) { position += 1 }
    if peek(UInt8(ascii: "0")) {
      position += 1
    } else if digits() == 0 {
      throw JSONError(.invalidNumber, at: start)
    }
    if peek(UInt8(ascii: ".")) {
      position += 1
      guard digits() > 0 else { throw JSONError(.invalidNumber, at: start) }
    }
    if peek(UInt8(ascii: "e")) || peek(UInt8(ascii: "E")) {
      position += 1
      if peek(UInt8(ascii: "+")) || peek(UInt8(ascii: "-")) { position += 1 }
      guard digits() > 0 else { throw JSONError(.invalidNumber, at: start) }
    }
    // `01`, `1.2.3`, `0x1`, `1a`: what follows a number must end it.
    if position < buffer.count {
      switch buffer[position] {
      case UInt8(ascii: ","), UInt8(ascii: "]"), UInt8(ascii: "}"), 0x20, 0x0A, 0x0D, 0x09: break
      default: throw JSONError(.invalidNumber, at: start)
      }
    }
    append(.number, from: start)
  }

  private mutating func string() throws(JSONError) {
    let start = position
    var isEscaped = false
    position += 1
    while true {
      skipPlainText()
      guard position < buffer.count else { throw JSONError(.unexpectedEnd, at: position) }
      let byte = buffer[position]
      switch byte {
      case UInt8(ascii: "\""):
        position += 1
        return append(.string, from: start, isEscaped: isEscaped)
      case UInt8(ascii: "\\"):
        isEscaped = true
        try escape()
      case ..<0x20: throw JSONError(.controlCharacter, at: position)
      case 0x80...: try multibyte(byte)
      default: position += 1
      }
    }
  }

  /// Skips eight bytes at a time while none is a quote, a backslash, a control or outside ASCII.
  private mutating func skipPlainText() {
    let ones: UInt64 = 0x0101_0101_0101_0101
    let highs: UInt64 = 0x8080_8080_8080_8080
    while position + 8 <= buffer.count {
      let word = UnsafeRawPointer(buffer.baseAddress! + position).loadUnaligned(as: UInt64.self)
      let quote = word ^ (ones &* 0x22)
      let backslash = word ^ (ones &* 0x5C)
      let special =
        ((quote &- ones) & ~quote) | ((backslash &- ones) & ~backslash) | ((word &- ones &* 0x20) & ~word) | word
      let found = special & highs
      // The lowest marked byte is exact; borrows reach only bytes above a marked one.
      guard found == 0 else {
        position += UInt64(littleEndian: found).trailingZeroBitCount / 8
        return
      }
      position += 8
    }
  }

  private mutating func escape() throws(JSONError) {
    let start = position
    guard start + 1 < buffer.count else { throw JSONError(.unexpectedEnd, at: buffer.count) }
    switch buffer[start + 1] {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"), UInt8(ascii: "f"),
      UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"):
      position += 2
    case UInt8(ascii: "u"):
      let unit = try codeUnit(at: start)
      position += 6
      guard unit & 0xF800 == 0xD800 else { return }
      guard unit & 0xFC00 == 0xD800, position + 1 < buffer.count, buffer[position] == UInt8(ascii: "\\"),
        buffer[position + 1] == UInt8(ascii: "u"), try codeUnit(at: position) & 0xFC00 == 0xDC00
      else { throw JSONError(.loneSurrogate, at: start) }
      position += 6
    default: throw JSONError(.invalidEscape, at: start)
    }
  }

  /// The value of `\uXXXX` that begins at `start`.
  private func codeUnit(at start: Int) throws(JSONError) -> UInt16 {
    guard start + 6 <= buffer.count else { throw JSONError(.unexpectedEnd, at: buffer.count) }
    var unit: UInt16 = 0
    for index in start + 2..<start + 6 {
      guard let digit = hexDigit(buffer[index]) else { throw JSONError(.invalidEscape, at: start) }
      unit = unit << 4 | UInt16(digit)
    }
    return unit
  }

  /// One character outside ASCII: shortest form, no surrogates, at most U+10FFFF (Unicode, table 3-7).
  private mutating func multibyte(_ first: UInt8) throws(JSONError) {
    let start = position
    func byte(_ index: Int, _ range: ClosedRange<UInt8>) -> Bool {
      start + index < buffer.count && range.contains(buffer[start + index])
    }
    let tail: ClosedRange<UInt8> = 0x80...0xBF
    let isValid: Bool
    switch first {
    case 0xC2...0xDF:
      isValid = byte(1, tail)
      position += 2
    case 0xE0...0xEF:
      let second: ClosedRange<UInt8> = first == 0xE0 ? 0xA0...0xBF : first == 0xED ? 0x80...0x9F : tail
      isValid = byte(1, second) && byte(2, tail)
      position += 3
    case 0xF0...0xF4:
      let second: ClosedRange<UInt8> = first == 0xF0 ? 0x90...0xBF : first == 0xF4 ? 0x80...0x8F : tail
      isValid = byte(1, second) && byte(2, tail) && byte(3, tail)
      position += 4
    default: isValid = false
    }
    guard isValid else { throw JSONError(.invalidUTF8, at: start) }
  }

  // MARK: Duplicate names

  /// Compares the names of a finished object, unescaped, by a signature first: length and first bytes, or a hash.
  private func refuseDuplicateNames(of object: Int) throws(JSONError) {
    let count = Int(tokens[object].count)
    guard count > 1 else { return }
    if count <= 16 {
      try withUnsafeTemporaryAllocation(of: (UInt64, Int).self, capacity: count) { (seen) throws(JSONError) in
        var index = object + 1
        for filled in 0..<count {
          let signature = signature(of: index)
          for other in 0..<filled where seen[other].0 == signature {
            try refuseIfEqual(index, seen[other].1)
          }
          seen.initializeElement(at: filled, to: (signature, index))
          index = Int(tokens[index + 1].next)
        }
      }
      return
    }
    var seen: [UInt64: [Int]] = [:]
    seen.reserveCapacity(count)
    var index = object + 1
    for _ in 0..<count {
      let signature = signature(of: index)
      for other in seen[signature, default: []] { try refuseIfEqual(index, other) }
      seen[signature, default: []].append(index)
      index = Int(tokens[index + 1].next)
    }
  }

  private func content(of index: Int) -> UnsafeBufferPointer<UInt8>.SubSequence {
    buffer[Int(tokens[index].start) + 1..<Int(tokens[index].end) - 1]
  }

  private func signature(of index: Int) -> UInt64 {
    let content = content(of: index)
    return tokens[index].isEscaped ? Self.signature(unescapedJSON(content)) : Self.signature(content)
  }

  /// FNV-1a: names are short.
  private static func signature(_ name: some Collection<UInt8>) -> UInt64 {
    var hash: UInt64 = 0xCBF2_9CE4_8422_2325
    for byte in name { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
    return hash
  }

  private func refuseIfEqual(_ index: Int, _ other: Int) throws(JSONError) {
    let a = content(of: index)
    let b = content(of: other)
    let areEqual =
      tokens[index].isEscaped || tokens[other].isEscaped
      ? unescapedJSON(a) == unescapedJSON(b) : a.elementsEqual(b)
    if areEqual { throw JSONError(.duplicateName, at: Int(tokens[index].start)) }
  }
}
