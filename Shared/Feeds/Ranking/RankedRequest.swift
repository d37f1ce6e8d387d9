import Model

/// A ranked read of a feed (feeds K2, K8–K12).
public struct RankedRequest: Sendable {
  /// Bounds and filter choose what is scored; `offset` and `limit` count in the order of scores.
  public var page: PageRequest
  public var method: RankingMethod
  public var externals: RankingExternals
  /// One instant for the whole request.
  public var now: ActivityTime
  /// Of random numbers.
  public var seed: UInt64
  /// Only scores below this.
  public var scoreLessThan: Double?
  public var withVariables: Bool
  public var explains: Bool

  public init(
    page: PageRequest, method: RankingMethod, externals: RankingExternals = .none, now: ActivityTime, seed: UInt64,
    scoreLessThan: Double? = nil, withVariables: Bool = false, explains: Bool = false
  ) {
    self.page = page
    self.method = method
    self.externals = externals
    self.now = now
    self.seed = seed
    self.scoreLessThan = scoreLessThan
    self.withVariables = withVariables
    self.explains = explains
  }

  /// Ranks what a feed's window holds: the greatest score first, equal scores newest first.
  ///
  /// - Parameter counts: one for each item; none if the method counts nothing.
  public func rank(_ items: [FeedItem], counts: [RankingScorer.Counts]) throws(RankingFailure) -> FlatPage {
    let ranking = RankedWindow(self)
    let scores = try ranking.scores(items, counts: counts)
    let (chosen, hasMore) = ranking.chosen(scores) { items[$0].activity.id > items[$1].activity.id }
    return FlatPage(items: chosen.map { ranking.dressed(items[$0], scores[$0]) }, hasMore: hasMore)
  }
}

extension StoredActivity {
  /// Takes a custom member away, with the comma before it.
  mutating func removeMember(_ name: String) {
    var members = StoredMembers(self)
    while let member = members.next() {
      guard String(decoding: body[member.name], as: UTF8.self) == name else { continue }
      // A comma and a quote stand before the name.
      let start = member.name.lowerBound - 2
      if start >= originOffset, body[start] == UInt8(ascii: ",") {
        body.removeSubrange(start..<member.value.upperBound)
      }
      return
    }
  }
}
