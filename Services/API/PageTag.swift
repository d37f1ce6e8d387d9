import Feeds
import Model

/// Weak entity tags of pages (feeds C12a; RFC 9110, 8.8.3): made from ids, versions and origins, not from the bytes, so
/// that a hot page is not hashed whole.
enum PageTag {
  static func tag(of page: FlatPage, next: String, format: PageFormat) -> String {
    var hash = Hash()
    hash.add(page.items)
    return hash.tag(next: next, format: format)
  }

  /// Counts and marks are part of what is shown.
  static func tag(of page: AggregatedPage, next: String, format: PageFormat) -> String {
    var hash = Hash()
    for group in page.groups {
      hash.add(group.id)
      hash.add(UInt64(group.activityCount))
      hash.add(UInt64(group.actorCount))
      hash.add(UInt64(bitPattern: group.updatedAt.microseconds))
      hash.add((group.isSeen ? 1 : 0) | (group.isRead ? 2 : 0))
      hash.add(group.items)
    }
    if let unmarked = page.unmarked {
      hash.add(UInt64(unmarked.unseen))
      hash.add(UInt64(unmarked.unread))
    }
    return hash.tag(next: next, format: format)
  }

  /// FNV-1a over bytes, with a separator after each part.
  private struct Hash {
    private var value: UInt64 = 0xCBF2_9CE4_8422_2325

    mutating func add(_ bytes: some Sequence<UInt8>) {
      for byte in bytes { value = (value ^ UInt64(byte)) &* 0x100_0000_01B3 }
      value = (value ^ 0x1FF) &* 0x100_0000_01B3
    }

    mutating func add(_ number: UInt64) {
      value = (value ^ number) &* 0x9E37_79B9_7F4A_7C15
      value ^= value >> 32
    }

    mutating func add(_ id: ActivityID) {
      add(id.ticks)
      add(id.low)
    }

    mutating func add(_ items: [FeedItem]) {
      for item in items {
        add(item.activity.id)
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
    }

    mutating func tag(next: String, format: PageFormat) -> String {
      add(next.utf8)
      add(format.rawValue.utf8)
      return "W/\"\(String(value, radix: 16))\""
    }
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
