import Glibc
import JSON

/// Pages that an operator puts in place of addresses, where there is no way out (feeds M11).
///
/// A JSON object: each member is named by an address and holds the path of an HTML file, relative to the file's own folder.
public struct StandInPages: Sendable {
  public struct Failure: Error, CustomStringConvertible {
    public var description: String
  }

  static let pagesMax = 1_000
  private var pages: [String: [UInt8]] = [:]

  /// None.
  public init() {}

  /// Reads them all, once, at the start.
  public init(file: String, bytesMax: Int) throws(Failure) {
    let text = try Self.read(file, bytesMax: 1 << 20)
    guard let members = (try? JSONValue(parsing: text))?.members, members.count <= Self.pagesMax else {
      throw Failure(
        description: "\(file) must be a JSON object of addresses and files, at most \(Self.pagesMax) of them")
    }
    let folder = file.lastIndex(of: "/").map { String(file[...$0]) } ?? ""
    for member in members {
      guard let path = member.value.string else {
        throw Failure(description: "\(file): \(member.name) must name a file")
      }
      pages[member.name] = try Self.read(path.hasPrefix("/") ? path : folder + path, bytesMax: bytesMax)
    }
  }

  /// The page in place of an address, with or without a slash at its end.
  subscript(address: String) -> [UInt8]? {
    pages[address] ?? pages[address.hasSuffix("/") ? String(address.dropLast()) : address + "/"]
  }

  private static func read(_ path: String, bytesMax: Int) throws(Failure) -> [UInt8] {
    guard let file = fopen(path, "r") else {
      throw Failure(description: "\(path) cannot be read: \(String(cString: strerror(errno)))")
    }
    defer { fclose(file) }
    var bytes = [UInt8](repeating: 0, count: bytesMax + 1)
    let count = fread(&bytes, 1, bytes.count, file)
    guard count <= bytesMax else { throw Failure(description: "\(path) has more than \(bytesMax) bytes") }
    return Array(bytes.prefix(count))
  }
}
