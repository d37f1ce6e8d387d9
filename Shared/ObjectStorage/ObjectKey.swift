/// The name of an object: whose it is, and a path of that owner's own. No path leads to another owner's objects (B7).
public struct ObjectKey: Hashable, Sendable, CustomStringConvertible {
  /// Whose an object is.
  public enum Owner: Hashable, Sendable {
    case app(UInt32)
    /// The installation itself: backups, archives of all apps. The name is letters and digits.
    case system(String)

    /// What stands before the paths of this owner's objects. `nil` for a name that is none.
    var prefix: String? {
      switch self {
      case .app(let number): "apps/\(number)/"
      case .system(let name):
        (1...32).contains(name.utf8.count) && name.utf8.allSatisfy(ObjectKey.isLetterOrDigit) ? "system/\(name)/" : nil
      }
    }
  }

  public static let pathBytesMax = 512

  public let owner: Owner
  /// Names between slashes: letters, digits, `.`, `_` and `-`, none of them beginning with a dot.
  public let path: String
  /// Both, as the storage knows it.
  let text: String

  /// `nil` if the path has another form, or is longer than 512 bytes.
  public init?(_ owner: Owner, _ path: String) {
    guard let prefix = owner.prefix, Self.isPath(path) else { return nil }
    self.owner = owner
    self.path = path
    text = prefix + path
  }

  public var description: String { text }

  /// Hidden names are kept for `FolderStorage`, and the two dotted ones would lead elsewhere.
  private static func isPath(_ path: String) -> Bool {
    guard (1...pathBytesMax).contains(path.utf8.count) else { return false }
    return path.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false).allSatisfy { name in
      !name.isEmpty && name.first != UInt8(ascii: ".") && name.allSatisfy(isNameByte)
    }
  }

  /// Whether `prefix` can begin a path: the same letters, and no name that is hidden.
  static func isPrefix(_ prefix: String) -> Bool {
    guard prefix.utf8.count <= pathBytesMax else { return false }
    let names = prefix.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
    return names.enumerated().allSatisfy { index, name in
      (!name.isEmpty || index == names.count - 1) && name.first != UInt8(ascii: ".") && name.allSatisfy(isNameByte)
    }
  }

  private static func isNameByte(_ byte: UInt8) -> Bool {
    isLetterOrDigit(byte) || byte == UInt8(ascii: ".") || byte == UInt8(ascii: "_") || byte == UInt8(ascii: "-")
  }

  static func isLetterOrDigit(_ byte: UInt8) -> Bool {
    (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
  }
}
