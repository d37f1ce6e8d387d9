/// Lets all reads that wait share one question to the majority: one round is on its way at a time, and whoever comes
/// meanwhile joins the next. A read costs one round of heartbeats however many share it, and waits for two at most.
public struct ReadRounds: Sendable {
  private var nextRound: UInt64
  private var asked: (round: UInt64, reads: [UInt64])?
  private var waiting: [UInt64] = []

  public static let waitingMax = 65_536

  /// `firstRound` must lie above all rounds of the replica's earlier starts (or be a random number of 63 bits).
  public init(firstRound: UInt64) { nextRound = firstRound }

  /// Notes a read; returns the id to step `.readIndex` with, if a round begins. False in `taken`: too many wait.
  public mutating func add(_ read: UInt64) -> (taken: Bool, begin: UInt64?) {
    guard waiting.count < Self.waitingMax else { return (false, nil) }
    waiting.append(read)
    return (true, begin())
  }

  /// The core's answer to a round: which reads it settles, and the id of the next round if one begins.
  public mutating func finish(_ state: ReadState) -> (reads: [UInt64], begin: UInt64?) {
    guard let asked, asked.round == state.id else { return ([], nil) }
    self.asked = nil
    return (asked.reads, begin())
  }

  /// A round that a follower asked for may be lost with its messages: gives it up, for those who share it to ask again.
  public mutating func abandon() -> (reads: [UInt64], begin: UInt64?) {
    let reads = asked?.reads ?? []
    asked = nil
    return (reads, begin())
  }

  private mutating func begin() -> UInt64? {
    guard asked == nil, !waiting.isEmpty else { return nil }
    let round = nextRound
    nextRound &+= 1
    asked = (round, waiting)
    waiting = []
    return round
  }
}
