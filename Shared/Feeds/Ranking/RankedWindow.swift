import Model

/// What a ranked read does with the window it has read: scores it, chooses the page, writes the scores into what is shown. No I/O.
struct RankedWindow {
  private let request: RankedRequest
  private let scorer: RankingScorer

  init(_ request: RankedRequest) {
    self.request = request
    scorer = RankingScorer(request.method, externals: request.externals, now: request.now, seed: request.seed)
  }

  /// One score for each item, in their order.
  ///
  /// - Parameter counts: one for each item; none if the method counts nothing.
  func scores(_ items: [FeedItem], counts: [RankingScorer.Counts]) throws(RankingFailure) -> [RankingScorer.Score] {
    var scorer = scorer
    var scores: [RankingScorer.Score] = []
    scores.reserveCapacity(items.count)
    for (index, item) in items.enumerated() {
      scores.append(
        try scorer.score(
          item.activity, origin: item.origin, counts: index < counts.count ? counts[index] : .init()))
    }
    return scores
  }

  /// The places of the page in the window, the greatest score first, and whether anything comes after them.
  ///
  /// - Parameter precedes: which of two places with equal scores comes first.
  func chosen(
    _ scores: [RankingScorer.Score], _ precedes: (Int, Int) -> Bool
  ) -> (places: [Int], hasMore: Bool) {
    var places = Array(scores.indices)
    if let bound = request.scoreLessThan { places.removeAll { scores[$0].value >= bound } }
    places.sort { scores[$0].value == scores[$1].value ? precedes($0, $1) : scores[$0].value > scores[$1].value }
    let chosen = Array(places.dropFirst(request.page.offset).prefix(request.page.limit))
    return (chosen, places.count > request.page.offset + chosen.count)
  }

  /// The item with its score, and with what else was asked for (feeds K10–K11a).
  func dressed(_ item: FeedItem, _ score: RankingScorer.Score) -> FeedItem {
    var item = item
    item.score = score.value
    var members = Array(",\"score\":\(RankingScorer.text(score.value))".utf8)
    if request.withVariables {
      members += Array(",\"score_vars\":".utf8)
      members += scorer.variables(score)
    }
    if request.explains {
      item.activity.removeMember("explain")
      members += Array(",\"explain\":".utf8)
      members += scorer.explanation(score)
    }
    item.activity.body.insert(contentsOf: members, at: max(0, item.activity.body.count - 1))
    return item
  }
}
