/// Finds top-level members in the bytes of a stored activity without parsing the rest: the text was checked when it was
/// stored, so that only brackets and quotes need to be followed. `origin`, whose value is not stored, is passed over.
struct StoredMembers {
  private let body: [UInt8]
  private let originOffset: Int
  private var position = 1

  init(_ activity: StoredActivity) {
    body = activity.body
    originOffset = activity.originOffset
  }

  /// Where the values of `names` lie, quotes and brackets included; `nil` for those there are not.
  static func find(_ names: [[UInt8]], in activity: StoredActivity) -> [Range<Int>?] {
    var found = [Range<Int>?](repeating: nil, count: names.count)
    var left = names.count
    var members = StoredMembers(activity)
    while left > 0, let member = members.next() {
      for (index, name) in names.enumerated() where found[index] == nil && members.isName(name, at: member.name) {
        found[index] = member.value
        left -= 1
      }
    }
    return found
  }

  /// The next member: its name without quotes, escaped as it was sent, and its value.
  mutating func next() -> (name: Range<Int>, value: Range<Int>)? {
    while let byte = peek(), byte != UInt8(ascii: "\"") {
      if byte == UInt8(ascii: "}") { return nil }
      position += 1
    }
    guard peek() != nil else { return nil }
    let start = position
    skipString()
    let name = start + 1..<max(start + 1, position - 1)
    while let byte = peek(), byte == UInt8(ascii: ":") || Self.isSpace(byte) {
      if position == originOffset { break }
      position += 1
    }
    if position == originOffset { return next() }
    let value = position
    skipValue()
    return (name, value..<position)
  }

  private func isName(_ name: [UInt8], at range: Range<Int>) -> Bool {
    guard body[range].contains(UInt8(ascii: "\\")) else { return body[range].elementsEqual(name) }
    return StoredScalar.text(body[range]).utf8.elementsEqual(name)
  }

  private func peek() -> UInt8? { position < body.count ? body[position] : nil }

  private static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 }

  private mutating func skipString() {
    position += 1
    while position < body.count {
      let byte = body[position]
      position += byte == UInt8(ascii: "\\") ? 2 : 1
      if byte == UInt8(ascii: "\"") { return }
    }
    position = body.count
  }

  private mutating func skipValue() {
    var depth = 0
    while let byte = peek() {
      switch byte {
      case UInt8(ascii: "\""):
        skipString()
        if depth == 0 { return }
      case UInt8(ascii: "{"), UInt8(ascii: "["):
        depth += 1
        position += 1
      case UInt8(ascii: "}"), UInt8(ascii: "]"):
        if depth == 0 { return }
        depth -= 1
        position += 1
        if depth == 0 { return }
      case UInt8(ascii: ","):
        if depth == 0 { return }
        position += 1
      default: position += 1
      }
    }
  }
}
