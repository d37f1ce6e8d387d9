import Jobs
import KeevoClient

/// Whether a feed's followers take its activities themselves (B12): written when their number passes the group's limit. Format 1.
struct ReachRow: Hashable, Sendable {
  var pulls: Bool

  var encoded: [UInt8] { [1, pulls ? 1 : 0] }

  init(pulls: Bool) { self.pulls = pulls }

  init(_ bytes: [UInt8]) throws(FormatError) {
    var reader = ByteReader(bytes)
    _ = try reader.format(1...1)
    pulls = try reader.integer(UInt8.self) & 1 == 1
  }

  /// What a feed with that many followers is to do. It goes back only below three quarters of the limit, so that one follower
  /// who comes and goes does not switch all others.
  func wanted(followers: Int64, above limit: Int) -> Bool {
    let limit = Int64(clamping: limit)
    return pulls ? followers > limit - limit / 4 : followers > limit
  }
}
