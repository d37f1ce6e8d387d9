import JSON
import Model

/// JSON text in which some strings are references, with their places: what they name can be put in without reading the
/// text again. Where nothing is put, the string stays.
///
/// ```swift
/// var text = ReferenceText()
/// text.splice(#"{"user_id":"bob","user":"#)
/// text.reference(Reference(user: "bob"))
/// text.splice("}")
/// ```
public struct ReferenceText: Hashable, Sendable {
  struct Hole: Hashable, Sendable {
    /// The string with its quotes.
    var range: Range<Int>
    var reference: Reference
  }

  public private(set) var bytes: [UInt8] = []
  private(set) var holes: [Hole] = []

  public init() {}

  /// Appends encoded JSON as it is.
  public mutating func splice(_ encoded: some Collection<UInt8>) { bytes.append(contentsOf: encoded) }

  /// Appends encoded JSON as it is.
  public mutating func splice(_ encoded: StaticString) {
    bytes.append(contentsOf: UnsafeBufferPointer(start: encoded.utf8Start, count: encoded.utf8CodeUnitCount))
  }

  /// Appends a string that is a reference.
  public mutating func reference(_ reference: Reference) {
    let start = bytes.count
    bytes.appendJSONString(reference.text)
    holes.append(Hole(range: start..<bytes.count, reference: reference))
  }

  /// Appends another text with its references.
  public mutating func append(_ other: ReferenceText) {
    let offset = bytes.count
    bytes += other.bytes
    holes += other.holes.map {
      Hole(range: $0.range.lowerBound + offset..<$0.range.upperBound + offset, reference: $0.reference)
    }
  }

  /// Members that are never taken for references (feeds H1).
  private static let plainMembers: [StaticString] = ["id", "verb", "foreign_id", "time", "origin", "to"]

  /// The text of an activity as read from a feed, with the references that are direct members of it, or direct items of
  /// a list that is (feeds H1).
  public init(_ item: FeedItem) throws(JSONError) {
    let activity = item.activity
    bytes.reserveCapacity(activity.body.count + 64)
    bytes += activity.body[..<activity.originOffset]
    if let origin = item.origin {
      bytes.appendJSONString(origin.description)
    } else {
      bytes += "null".utf8
    }
    bytes += activity.body[activity.originOffset...]
    let document = try JSONDocument(bytes)
    for (name, value) in document.root.members {
      if Self.plainMembers.contains(where: { name.equals($0) }) { continue }
      if value.kind == .string {
        note(value)
      } else if value.kind == .array {
        for element in value.elements where element.kind == .string { note(element) }
      }
    }
  }

  private mutating func note(_ value: JSONNode) {
    // Even with every byte escaped a reference is no longer than this.
    guard value.raw.count <= 6 * Reference.bytesMax + 2, let text = value.utf8, let reference = Reference(utf8: text)
    else { return }
    holes.append(Hole(range: value.range, reference: reference))
  }
}
