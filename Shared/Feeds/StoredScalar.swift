import JSON

/// Values read out of checked JSON text.
enum StoredScalar {
  /// A string's content, without its quotes.
  static func text(_ content: ArraySlice<UInt8>) -> String {
    guard content.contains(UInt8(ascii: "\\")) else { return String(decoding: content, as: UTF8.self) }
    let quoted = [UInt8(ascii: "\"")] + content + [UInt8(ascii: "\"")]
    return (try? JSONValue(parsing: quoted))?.string ?? String(decoding: content, as: UTF8.self)
  }

  /// The member that a path of names leads to inside a value; `nil` if it leads nowhere.
  static func descend(_ value: ArraySlice<UInt8>, _ path: ArraySlice<String>) -> ArraySlice<UInt8>? {
    if path.isEmpty { return trimmed(value) }
    guard value.first == UInt8(ascii: "{"), let document = try? JSONDocument(Array(value)) else { return nil }
    var node = document.root
    for name in path {
      guard let member = node.members.first(where: { $0.name.string == name }) else { return nil }
      node = member.value
    }
    return node.raw
  }

  /// Without the white space after it.
  private static func trimmed(_ value: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
    var end = value.endIndex
    while end > value.startIndex, value[end - 1] <= 0x20 { end -= 1 }
    return value[value.startIndex..<end]
  }
}
