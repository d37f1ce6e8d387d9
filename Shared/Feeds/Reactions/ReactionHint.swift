import Jobs
import KeevoClient
import Model

/// A row in the partition of the user who reacted: a hint at the reaction, kept while it is soft-deleted. Format 1.
struct ReactionHint: Hashable, Sendable {
  /// id → path.
  static let space = UInt8(ascii: "m")
  /// kind, id → path.
  static let kindSpace = UInt8(ascii: "k")

  var path: ReactionPath

  /// Where the hints of a user lie.
  static func partition(_ user: [UInt8], _ app: AppID) -> Partition {
    Partition(app: app.rawValue, name: Array("u/".utf8) + user)
  }

  static func keys(_ path: ReactionPath) -> [RowKey] {
    let id = ReactionList.inverted(path.id)
    return [RowKey(space: space, rest: id), RowKey(space: kindSpace, rest: path.kind + [0] + id)]
  }

  var encoded: [UInt8] {
    var out = ByteWriter()
    out.integer(UInt8(1))
    out.path(path)
    return out.bytes
  }

  init(path: ReactionPath) { self.path = path }

  init(_ bytes: [UInt8]) throws(FormatError) {
    var reader = ByteReader(bytes)
    _ = try reader.format(1...1)
    path = try reader.path()
  }
}
