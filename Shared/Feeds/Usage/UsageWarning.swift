import Jobs
import KeevoClient
import Model

/// An app has used four fifths of what it may (insight D53). Told once in a month for each limit and its figure.
public struct UsageWarning: Hashable, Sendable {
  /// Of the limit.
  public static let percent = 80

  public var kind: UsageLimits.Kind
  /// The limit when it was told.
  public var most: Int
  public var used: UInt64
  public var at: ActivityTime

  public init(kind: UsageLimits.Kind, most: Int, used: UInt64, at: ActivityTime) {
    self.kind = kind
    self.most = most
    self.used = used
    self.at = at
  }

  /// A limit of nothing is reached from the start: nobody need be warned of it.
  static func isDue(used: UInt64, of most: Int) -> Bool {
    most > 0 && used >= UInt64(most) - UInt64(most / 100 * (100 - percent) + most % 100 * (100 - percent) / 100)
  }

  // MARK: Its row, in the partition of the app's month

  static let space = UInt8(ascii: "y")

  static func key(_ kind: UsageLimits.Kind, _ most: Int) -> RowKey {
    RowKey(space: space, rest: [kind.rawValue] + FeedKeys.bigEndian(UInt64(most)))
  }

  var key: RowKey { Self.key(kind, most) }

  /// Format 1: use, time.
  var encoded: [UInt8] {
    var out = ByteWriter()
    out.integer(UInt8(1))
    out.integer(used)
    out.integer(at.microseconds)
    return out.bytes
  }

  /// `nil`: of a limit that a later version knows.
  init?(_ row: Row) throws(FormatError) {
    guard row.key.rest.count == 9 else { throw .malformed("the key of a warning") }
    guard let kind = UsageLimits.Kind(rawValue: row.key.rest[0]) else { return nil }
    var reader = ByteReader(row.value)
    _ = try reader.format(1...1)
    self.kind = kind
    most = Int(clamping: FeedKeys.integer(row.key.rest.dropFirst()))
    used = try reader.integer()
    at = ActivityTime(microseconds: try reader.integer())
  }
}
