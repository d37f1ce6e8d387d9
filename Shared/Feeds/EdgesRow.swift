import Jobs
import KeevoClient

/// The ends of a feed's former follows (B9): what came by an ended edge is dropped if it arrived after `last`.
struct EdgeEnd: Hashable, Sendable {
  var source: UInt64
  var epoch: Stamp
  /// Zero drops all; with `keep_history` the target's stamp at the unfollow.
  var last: Stamp
}

/// A followed feed from which the reader itself takes what arrived there after a stamp (B12): its edge is *pulled*.
struct PullEdge: Hashable, Sendable {
  /// The followed feed's name.
  var target: [UInt8]
  var epoch: Stamp
  /// What arrived up to this is pushed.
  var after: Stamp
  /// With `keep_history`, until it is copied: the last arrival that is taken. `UInt64.max` while the relation stands.
  var until: UInt64 = .max
  /// When the edge was switched, by the switcher's clock: tells reads which way to look, no more.
  var madeAtMilliseconds: UInt64

  func takes(_ arrival: Stamp) -> Bool { arrival > after && arrival.rawValue <= until }
}

/// The one row by which a reader judges all edges of a page (B9). Format 1; with pull edges 2.
struct EdgesRow: Hashable, Sendable {
  /// Ends past so many lie in rows a source.
  static let endsMax = 512
  /// Where the epoch of the last pull edge begins, counted from the end of the encoded row: the store writes its stamp there when
  /// a relation is pulled from its beginning.
  static let lastPullEpochFromEnd = 32

  var ends: [EdgeEnd] = []
  /// How many ends lie in rows a source.
  var more: UInt32 = 0
  var pulls: [PullEdge] = []

  init() {}

  /// The pull edge of a relation.
  func pull(_ target: [UInt8], _ epoch: Stamp) -> Int? {
    pulls.firstIndex { $0.epoch == epoch && $0.target == target }
  }

  var encoded: [UInt8] {
    var out = ByteWriter()
    out.integer(UInt8(pulls.isEmpty ? 1 : 2))
    out.integer(more)
    out.raw(Self.encode(ends))
    out.integer(UInt32(pulls.count))
    for pull in pulls {
      out.short(pull.target)
      out.integer(pull.epoch.rawValue)
      out.integer(pull.after.rawValue)
      out.integer(pull.until)
      out.integer(pull.madeAtMilliseconds)
    }
    return out.bytes
  }

  init(_ bytes: [UInt8]) throws(FormatError) {
    var reader = ByteReader(bytes)
    let format = try reader.format(1...2)
    more = try reader.integer()
    ends = try Self.decode(&reader)
    let count: UInt32 = try reader.integer()
    guard format == 2 || count == 0 else { throw .malformed("pull edges in a row of format 1") }
    for _ in 0..<count {
      pulls.append(
        PullEdge(
          target: try reader.short(), epoch: Stamp(try reader.integer()), after: Stamp(try reader.integer()),
          until: try reader.integer(), madeAtMilliseconds: try reader.integer()))
    }
  }

  /// The value of a row of further ends.
  static func encodeMore(_ ends: [EdgeEnd]) -> [UInt8] { [1] + encode(ends) }

  static func decodeMore(_ bytes: [UInt8]) throws(FormatError) -> [EdgeEnd] {
    var reader = ByteReader(bytes)
    _ = try reader.format(1...1)
    return try decode(&reader)
  }

  private static func encode(_ ends: [EdgeEnd]) -> [UInt8] {
    var out = ByteWriter()
    out.integer(UInt32(ends.count))
    for end in ends {
      out.integer(end.source)
      out.integer(end.epoch.rawValue)
      out.integer(end.last.rawValue)
    }
    return out.bytes
  }

  private static func decode(_ reader: inout ByteReader) throws(FormatError) -> [EdgeEnd] {
    let count: UInt32 = try reader.integer()
    guard Int(count) * 24 <= reader.remaining else { throw .truncated }
    var ends: [EdgeEnd] = []
    ends.reserveCapacity(Int(count))
    for _ in 0..<count {
      ends.append(
        EdgeEnd(source: try reader.integer(), epoch: Stamp(try reader.integer()), last: Stamp(try reader.integer())))
    }
    return ends
  }
}

extension [EdgeEnd] {
  /// Whether an entry that came by this edge is past its end.
  func drop(_ key: EntryKey, _ value: EntryValue) -> Bool {
    contains { $0.source == key.via && $0.epoch == key.edge && value.arrival > $0.last }
  }
}
