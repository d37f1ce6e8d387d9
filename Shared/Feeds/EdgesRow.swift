import Jobs
import KeevoClient

/// The ends of a feed's former follows (B9): what came by an ended edge is dropped if it arrived after `last`.
struct EdgeEnd: Hashable, Sendable {
  var source: UInt64
  var epoch: Stamp
  /// Zero drops all; with `keep_history` the target's stamp at the unfollow.
  var last: Stamp
}

/// The one row by which a reader judges all edges of a page (B9). Format 1; the place of pull edges is there.
struct EdgesRow: Hashable, Sendable {
  /// Ends past so many lie in rows a source.
  static let endsMax = 512

  var ends: [EdgeEnd] = []
  /// How many ends lie in rows a source.
  var more: UInt32 = 0

  init() {}

  var encoded: [UInt8] {
    var out = ByteWriter()
    out.integer(UInt8(1))
    out.integer(more)
    out.raw(Self.encode(ends))
    out.integer(UInt32(0))
    return out.bytes
  }

  init(_ bytes: [UInt8]) throws(FormatError) {
    var reader = ByteReader(bytes)
    _ = try reader.format(1...1)
    more = try reader.integer()
    ends = try Self.decode(&reader)
    let pulls: UInt32 = try reader.integer()
    guard pulls == 0 else { throw .malformed("pull edges: written by a newer version") }
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
