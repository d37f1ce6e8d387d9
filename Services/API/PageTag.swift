import Feeds
import Model

/// Weak entity tags of pages (feeds C12a; RFC 9110, 8.8.3): made from ids, versions and origins, not from the bytes, so
/// that a hot page is not hashed whole.
enum PageTag {
  static func tag(of page: FlatPage, next: String, format: PageFormat) -> String {
    var hash: UInt64 = 0xCBF2_9CE4_8422_2325
    func add(_ bytes: some Sequence<UInt8>) {
      // FNV-1a, with a separator after each part.
      for byte in bytes { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
      hash = (hash ^ 0x1FF) &* 0x100_0000_01B3
    }
    func add(_ number: UInt64) {
      hash = (hash ^ number) &* 0x9E37_79B9_7F4A_7C15
      hash ^= hash >> 32
    }
    for item in page.items {
      add(item.activity.id.ticks)
      add(item.activity.id.low)
      add(item.activity.version.rawValue)
      // A ranked activity's bytes change with the hour and with what is counted.
      if item.score != nil { add(item.activity.body) }
      if let origin = item.origin {
        add(origin.group.utf8)
        add(origin.id.utf8)
      } else {
        add(CollectionOfOne<UInt8>(0))
      }
    }
    add(next.utf8)
    add(format.rawValue.utf8)
    return "W/\"\(String(hash, radix: 16))\""
  }

  /// The tag of a page whose bytes tell all of it: eight of them at a time.
  static func tag(of bytes: [UInt8]) -> String {
    var hash: UInt64 = 0xCBF2_9CE4_8422_2325 ^ UInt64(bytes.count)
    var word: UInt64 = 0
    for (index, byte) in bytes.enumerated() {
      word = word << 8 | UInt64(byte)
      guard index & 7 == 7 || index == bytes.count - 1 else { continue }
      hash = (hash ^ word) &* 0x9E37_79B9_7F4A_7C15
      hash ^= hash >> 29
      word = 0
    }
    return "W/\"\(String(hash, radix: 16))\""
  }

  /// Whether `If-None-Match` names the tag; weak comparison (RFC 9110, 13.1.2).
  static func matches(_ header: String, _ tag: String) -> Bool {
    let opaque = tag.dropFirst(2)
    return header.split(separator: ",").contains { candidate in
      var text = candidate
      while text.first == " " { text.removeFirst() }
      while text.last == " " { text.removeLast() }
      if text == "*" { return true }
      return (text.hasPrefix("W/") ? text.dropFirst(2) : text) == opaque
    }
  }
}
