import Jobs
import KeevoClient

/// What a relay job is to do: bring the edge and what has been copied into step with the record, whose turn is the job's key's
/// stamp (B12). Format 1.
struct RelayPayload: Hashable, Sendable {
  var target: [UInt8]
  var epoch: Stamp
  /// To pull; else back to push.
  var pulls: Bool
  /// The stamp after which the edge is pulled, or was until now.
  var after: Stamp

  var encoded: [UInt8] {
    var out = ByteWriter()
    out.integer(UInt8(1))
    out.short(target)
    out.integer(epoch.rawValue)
    out.integer(UInt8(pulls ? 1 : 0))
    out.integer(after.rawValue)
    return out.bytes
  }

  init(target: [UInt8], epoch: Stamp, pulls: Bool, after: Stamp) {
    self.target = target
    self.epoch = epoch
    self.pulls = pulls
    self.after = after
  }

  init(_ bytes: [UInt8]) throws(FormatError) {
    var reader = ByteReader(bytes)
    _ = try reader.format(1...1)
    target = try reader.short()
    epoch = Stamp(try reader.integer())
    pulls = try reader.integer(UInt8.self) & 1 == 1
    after = Stamp(try reader.integer())
  }
}

/// What an idle job is to do: format 1.
enum IdlePayload: Hashable, Sendable {
  /// Pull the edges of the listed feeds that have not been read since that day.
  case leave(day: UInt64)
  /// Push the edges of the feed in whose partition the job lies again, as far as the followed feeds' numbers allow.
  case `return`

  var encoded: [UInt8] {
    switch self {
    case .leave(let day): [1, 0] + FeedKeys.bigEndian(day)
    case .return: [1, 1]
    }
  }

  init(_ bytes: [UInt8]) throws(FormatError) {
    var reader = ByteReader(bytes)
    _ = try reader.format(1...1)
    switch try reader.integer(UInt8.self) {
    case 0: self = .leave(day: try reader.integer())
    case 1: self = .return
    case let other: throw .malformed("an idle job of kind \(other)")
    }
  }
}
