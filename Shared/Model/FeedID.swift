/// The name of a feed: a group's slug and an id in that group, written `slug:id`.
///
/// Both parts are `[A-Za-z0-9_-]+`, ASCII; a slug has 1…64, an id 1…255 characters (feeds L23).
public struct FeedID: Hashable, Sendable, CustomStringConvertible {
  public let group: String
  public let id: String

  public static let groupBytesMax = 64
  public static let idBytesMax = 255

  /// `nil` if a part breaks L23.
  public init?(group: String, id: String) {
    guard Self.isName(group.utf8, bytesMax: Self.groupBytesMax), Self.isName(id.utf8, bytesMax: Self.idBytesMax)
    else { return nil }
    self.group = group
    self.id = id
  }

  /// Reads `slug:id`; `nil` if that is not its form.
  public init?(_ text: some StringProtocol) {
    guard let colon = text.firstIndex(of: ":") else { return nil }
    self.init(group: String(text[..<colon]), id: String(text[text.index(after: colon)...]))
  }

  public var description: String { "\(group):\(id)" }

  /// Whether `bytes` is a legal name: `^[\w-]+$`, ASCII, 1…`bytesMax` (feeds L23).
  public static func isName(_ bytes: some Collection<UInt8>, bytesMax: Int) -> Bool {
    guard !bytes.isEmpty, bytes.count <= bytesMax else { return false }
    return bytes.allSatisfy {
      switch $0 {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"):
        true
      default: false
      }
    }
  }
}
