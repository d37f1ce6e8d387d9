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
    var scorer = RankingScorer(method, externals: externals, now: now, seed: seed)
    var scored: [(index: Int, score: RankingScorer.Score)] = []
    scored.reserveCapacity(items.count)
    for (index, item) in items.enumerated() {
      let score = try scorer.score(
        item.activity, origin: item.origin, counts: index < counts.count ? counts[index] : .init())
      if let bound = scoreLessThan, score.value >= bound { continue }
      scored.append((index, score))
    }
    scored.sort {
      if $0.score.value != $1.score.value { return $0.score.value > $1.score.value }
      return items[$0.index].activity.id > items[$1.index].activity.id
    }
    let chosen = scored.dropFirst(page.offset).prefix(page.limit)
    let ranked = chosen.map { entry in
      var item = items[entry.index]
      item.score = entry.score.value
      var members = Array(",\"score\":\(RankingScorer.text(entry.score.value))".utf8)
      if withVariables {
        members += Array(",\"score_vars\":".utf8)
        members += scorer.variables(entry.score)
      }
      if explains {
        item.activity.removeMember("explain")
        members += Array(",\"explain\":".utf8)
        members += scorer.explanation(entry.score)
      }
      item.activity.body.insert(contentsOf: members, at: max(0, item.activity.body.count - 1))
      return item
    }
    return FlatPage(items: ranked, hasMore: scored.count > page.offset + chosen.count)
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
