import ControlPlane
import EventLoop
import Feeds
import Model
import Telemetry

extension FeedAPIHandler {
  /// The name that stands for the model of personalization (insight P35, P51).
  private static let modelRanking = "ml"
  static let sessionCharactersMax = 255

  /// How a feed's page is to be ranked; `nil` for the order of time (feeds K2). The form of the options is checked in any
  /// case (K9).
  func ranking(
    _ context: RequestContext, _ group: FeedGroup, page: PageRequest
  ) throws(APIError) -> RankedRequest? {
    let query = context.query
    let externals = try rankingVariables(query)
    let scoreLessThan = try scoreBound(query)
    let session = try query.scalar("session") ?? ""
    guard session.unicodeScalars.count <= Self.sessionCharactersMax else {
      throw .input("session must have at most \(Self.sessionCharactersMax) characters")
    }
    let named = try query.scalar("ranking") ?? ""
    guard let name = named.isEmpty ? group.rankingDefault : named else { return nil }
    // Without a model the feed is given as it is (insight P51).
    if name == Self.modelRanking, context.app.personalizationEnabled { return nil }
    guard page.around == nil else { throw .input("around has no meaning with a ranking") }
    let method: RankingMethod?
    do { method = try rankings.method(name, of: group, app: context.app.id) } catch {
      throw .ranking("the ranking \(name) does not compile: \(error)")
    }
    guard let method else { throw .missingRanking("the feed group \(group.slug) has no ranking \(name)") }
    return RankedRequest(
      page: page, method: method, externals: externals, now: ActivityTime(microseconds: wallClockMicroseconds()),
      seed: session.isEmpty ? .random(in: 0...(.max)) : RankingScorer.seed(session: session),
      scoreLessThan: scoreLessThan,
      withVariables: ["withScoreVars", "with_score_vars", "score_vars"].contains { query.boolean($0) },
      explains: query.boolean("explain"))
  }

  /// `ranking_vars`, by its first spelling that is there (K9).
  private func rankingVariables(_ query: RequestQuery) throws(APIError) -> RankingExternals {
    var found: RankingExternals?
    for name in ["ranking_vars", "rankingVars"] {
      guard let text = try query.scalar(name) else { continue }
      do throws(RankingExternals.Invalid) {
        let externals = try RankingExternals(parsing: text)
        found = found ?? externals
      } catch {
        throw Self.fieldError(error.path.isEmpty ? name : "\(name).\(error.path)", "\(name) \(error.message)")
      }
    }
    return found ?? .none
  }

  private func scoreBound(_ query: RequestQuery) throws(APIError) -> Double? {
    guard let text = try query.scalar("score_lt"), !text.isEmpty else { return nil }
    guard let bound = Double(text), bound.isFinite else { throw .input("score_lt must be a number") }
    return bound
  }
}
