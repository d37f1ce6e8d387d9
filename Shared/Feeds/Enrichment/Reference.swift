import JSON
import Model

/// A string that names something else: `SU:`, `SO:`, `SA:`, `SR:` (feeds T10).
public struct Reference: Hashable, Sendable {
  public enum Target: Hashable, Sendable {
    case entity(EntityName)
    case activity(ActivityID)
    case reaction(ActivityID)
  }

  /// As it stands in the activity.
  public let text: String
  public let target: Target

  /// Bytes of the longest one: `SO:`, two names, a colon.
  static let bytesMax = 4 + 2 * EntityName.nameBytesMax

  public init(user id: String) {
    text = "SU:\(id)"
    target = .entity(.user(id))
  }

  /// Reads a reference; `nil` for any other text, malformed references included (feeds H4).
  public init?(utf8 text: some BidirectionalCollection<UInt8>) {
    guard text.count > 3, text.count <= Self.bytesMax, text.first == UInt8(ascii: "S"),
      text[text.index(text.startIndex, offsetBy: 2)] == UInt8(ascii: ":")
    else { return nil }
    let rest = text.dropFirst(3)
    switch text[text.index(after: text.startIndex)] {
    case UInt8(ascii: "U"):
      guard let name = EntityName(user: String(decoding: rest, as: UTF8.self)) else { return nil }
      target = .entity(name)
    case UInt8(ascii: "O"):
      guard let colon = rest.firstIndex(of: UInt8(ascii: ":")),
        let name = EntityName(
          collection: String(decoding: rest[..<colon], as: UTF8.self),
          id: String(decoding: rest[rest.index(after: colon)...], as: UTF8.self))
      else { return nil }
      target = .entity(name)
    case UInt8(ascii: "A"):
      guard let id = ActivityID(utf8: rest) else { return nil }
      target = .activity(id)
    case UInt8(ascii: "R"):
      guard let id = ActivityID(utf8: rest) else { return nil }
      target = .reaction(id)
    default: return nil
    }
    self.text = String(decoding: text, as: UTF8.self)
  }

  /// What stands in place of something that is not there (feeds H3).
  func writeMissing(to writer: inout JSONWriter) {
    writer.splice(#"{"error":"ReferenceNotFound","reference":"#)
    writer.string(text)
    writer.splice(#","reference_type":"#)
    switch target {
    case .entity(.user): writer.splice(#""user""#)
    case .entity(.object): writer.splice(#""object""#)
    case .activity: writer.splice(#""activity""#)
    case .reaction: writer.splice(#""reaction""#)
    }
    writer.splice(#","id":"#)
    if case .entity(.object(let collection, let id)) = target {
      writer.string(id)
      writer.splice(#","collection":"#)
      writer.string(collection)
    } else {
      writer.string(text.dropFirst(3))
    }
    writer.splice("}")
  }
}
