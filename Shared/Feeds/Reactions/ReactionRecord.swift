import Jobs
import KeevoClient
import Model

/// A reaction's row in the list of its parent. Format 1.
struct ReactionRecord: Hashable, Sendable {
  struct Flags: OptionSet, Hashable, Sendable {
    let rawValue: UInt8
    /// It has had children: readers look for them, and deletions walk them.
    static let hasChildren = Flags(rawValue: 1)
    /// It has had target feeds: the activity in them is kept in step with the record (feeds R8).
    static let hasNotice = Flags(rawValue: 2)
    /// A reaction above it is deleted: it has no activity in target feeds meanwhile.
    static let closed = Flags(rawValue: 4)
    static let all: Flags = [.hasChildren, .hasNotice, .closed]
  }

  var path: ReactionPath
  var flags: Flags
  var user: [UInt8]
  var createdAt: ActivityTime
  var updatedAt: ActivityTime
  /// Set while it is soft-deleted.
  var deletedAt: ActivityTime?
  /// A JSON object as sent.
  var data: [UInt8]
  var targets: [[UInt8]]
  /// Members of the target feeds' activity as JSON text, each with a comma before it.
  var extra: [UInt8]

  init(
    path: ReactionPath, flags: Flags = [], user: [UInt8], createdAt: ActivityTime, updatedAt: ActivityTime,
    deletedAt: ActivityTime? = nil, data: [UInt8], targets: [[UInt8]] = [], extra: [UInt8] = []
  ) {
    self.path = path
    self.flags = flags
    self.user = user
    self.createdAt = createdAt
    self.updatedAt = updatedAt
    self.deletedAt = deletedAt
    self.data = data
    self.targets = targets
    self.extra = extra
  }

  var encoded: [UInt8] {
    var out = ByteWriter()
    out.integer(UInt8(1))
    out.integer(flags.rawValue)
    out.path(path)
    out.short(user)
    out.integer(createdAt.microseconds)
    out.integer(updatedAt.microseconds)
    out.integer(UInt8(deletedAt == nil ? 0 : 1))
    if let deletedAt { out.integer(deletedAt.microseconds) }
    out.long(data)
    out.integer(UInt16(targets.count))
    for target in targets { out.short(target) }
    out.long(extra)
    return out.bytes
  }

  init(_ bytes: [UInt8]) throws(FormatError) {
    var reader = ByteReader(bytes)
    _ = try reader.format(1...1)
    flags = Flags(rawValue: try reader.integer())
    guard Flags.all.isSuperset(of: flags) else { throw .malformed("unknown flags \(flags.rawValue) of a reaction") }
    path = try reader.path()
    user = try reader.short()
    createdAt = ActivityTime(microseconds: try reader.integer())
    updatedAt = ActivityTime(microseconds: try reader.integer())
    if try reader.integer(UInt8.self) != 0 { deletedAt = ActivityTime(microseconds: try reader.integer()) }
    data = try reader.long()
    targets = []
    for _ in 0..<(try reader.integer(UInt16.self)) { targets.append(try reader.short()) }
    extra = try reader.long()
  }

  /// The record of a row that may not be there.
  static func decode(_ row: VersionedValue?) throws(StoreError) -> ReactionRecord? {
    guard let row else { return nil }
    do { return try ReactionRecord(row.value) } catch { throw .unknownFormat("reaction: \(error)") }
  }
}
