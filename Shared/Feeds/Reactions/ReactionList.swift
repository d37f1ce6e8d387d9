import KeevoClient
import Model

/// The reactions to one activity, or the children of one life of a reaction: keys and ranges of their rows.
///
/// All lie in the partition named by the parent's id, and begin with the parent's epoch, zero for an activity. Ids are
/// inverted, so that the newest come first. Kinds and users hold no zero byte (feeds L23), which ends them.
struct ReactionList: Hashable, Sendable {
  /// kind, id → record.
  static let bodySpace = UInt8(ascii: "b")
  /// kind, id → record, while soft-deleted.
  static let deletedSpace = UInt8(ascii: "d")
  /// id, epoch → a mark that this life has ended: nothing late may bring it back.
  static let goneSpace = UInt8(ascii: "g")
  /// id → kind: all kinds in one order.
  static let orderSpace = UInt8(ascii: "o")
  /// user, id → kind.
  static let userSpace = UInt8(ascii: "u")
  /// user, kind, id → kind.
  static let userKindSpace = UInt8(ascii: "v")
  /// kind → how many there are (B16).
  static let countSpace = UInt8(ascii: "n")
  /// The row that says where a reaction's record lies, in the partition of its own id.
  static let locatorSpace = UInt8(ascii: "l")

  var id: ActivityID
  var epoch: Stamp

  /// Where the children of the activity or reaction `id` lie, and a reaction's locator.
  static func partition(_ id: ActivityID, _ app: AppID) -> Partition {
    Partition(app: app.rawValue, name: Array("r/".utf8) + FeedKeys.hexadecimal(id.bytes))
  }

  func partition(_ app: AppID) -> Partition { Self.partition(id, app) }

  static let locator = RowKey(space: locatorSpace)

  // MARK: Keys

  func body(_ step: ReactionPath.Step) -> RowKey {
    RowKey(space: Self.bodySpace, rest: prefix([step.kind]) + Self.inverted(step.id))
  }

  func deleted(_ step: ReactionPath.Step) -> RowKey {
    RowKey(space: Self.deletedSpace, rest: prefix([step.kind]) + Self.inverted(step.id))
  }

  func gone(_ step: ReactionPath.Step) -> RowKey {
    RowKey(
      space: Self.goneSpace, rest: prefix([]) + Self.inverted(step.id) + FeedKeys.bigEndian(step.epoch.rawValue))
  }

  func order(_ step: ReactionPath.Step) -> RowKey {
    RowKey(space: Self.orderSpace, rest: prefix([]) + Self.inverted(step.id))
  }

  func user(_ user: [UInt8], _ step: ReactionPath.Step) -> RowKey {
    RowKey(space: Self.userSpace, rest: prefix([user]) + Self.inverted(step.id))
  }

  func userKind(_ user: [UInt8], _ step: ReactionPath.Step) -> RowKey {
    RowKey(space: Self.userKindSpace, rest: prefix([user, step.kind]) + Self.inverted(step.id))
  }

  func count(_ kind: [UInt8]) -> RowKey {
    RowKey(space: Self.countSpace, rest: FeedKeys.bigEndian(epoch.rawValue) + kind)
  }

  /// The number of a row of `counts`: eight bytes, little-endian.
  static func number(_ value: [UInt8]) throws(StoreError) -> Int {
    guard value.count == 8 else { throw .unknownFormat("the count of a kind of reaction") }
    return Int(value.reversed().reduce(0) { $0 << 8 | Int64($1) })
  }

  /// The kind of a row of `counts`.
  static func kind(ofCount key: RowKey) -> [UInt8] { Array(key.rest.dropFirst(8)) }

  // MARK: Ranges

  /// The rows of one space, restricted to names.
  func range(_ space: UInt8, _ names: [[UInt8]] = []) -> RowRange { RowRange(space: space, prefix: prefix(names)) }

  /// All counts.
  var counts: RowRange { range(Self.countSpace) }

  func prefix(_ names: [[UInt8]]) -> [UInt8] {
    names.reduce(FeedKeys.bigEndian(epoch.rawValue)) { $0 + $1 + [0] }
  }

  // MARK: Ids in keys

  static let idBytes = 17

  /// Seventeen bytes that sort newest first, in the order of `ActivityID`.
  static func inverted(_ id: ActivityID) -> [UInt8] { FeedKeys.inverted(id) + [~id.version] }

  /// The id that ends a key.
  static func id(_ rest: [UInt8]) throws(StoreError) -> ActivityID {
    guard rest.count >= idBytes else { throw .unknownFormat("the key of a reaction") }
    let bytes = rest.suffix(idBytes)
    return ActivityID(
      ticks: ~FeedKeys.integer(bytes.prefix(8)), low: ~FeedKeys.integer(bytes.dropFirst(8).prefix(8)),
      version: ~(bytes.last ?? 0))
  }
}
