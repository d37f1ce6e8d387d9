import FeedAPIService
import Feeds
import HTTP
import JSON
import KeevoClient
import Testing

/// K2, K7–K12: ranked reads as answers.
@Suite struct RankingEndpointTests {
  private func api() async -> TestAPI {
    let api = TestAPI()
    for group in ["ranked", "best"] {
      for (object, popularity) in [("a", 1), ("b", 5), ("c", 3), ("d", 5)] {
        _ = await api.call(
          .post, "feed/\(group)/1/",
          body: #"{"actor":"x","verb":"v","object":"\#(object)","popularity":\#(popularity),"explain":"own"}"#)
      }
    }
    return api
  }

  private func objects(_ answer: TestAPI.Answer) -> String {
    (answer.json?["results"]?.array ?? []).compactMap { $0["object"]?.string }.joined()
  }

  @Test func theGreatestScoreComesFirstAndTheNewestOfEqualOnes() async throws {
    let api = await api()
    let answer = await api.call(.get, "feed/ranked/1/", "ranking=popular")
    #expect(answer.status == 200)
    #expect(objects(answer) == "dbca")
    #expect(answer.names == ["results", "next", "duration"])
    let first = try #require(answer.json?["results"]?.array?.first)
    #expect(first["score"]?.numberText == "5")
    #expect(first["score_vars"] == nil && first["explain"]?.string == "own")
    #expect(objects(await api.call(.get, "feed/best/1/")) == "dbca", "the group's default")
    #expect(objects(await api.call(.get, "feed/ranked/1/")) == "dcba", "no default: the order of time")
  }

  @Test func variablesAndSharesAreShownWhenAskedFor() async throws {
    let api = await api()
    for name in ["withScoreVars", "with_score_vars", "score_vars"] {
      let answer = await api.call(
        .get, "feed/ranked/1/", "ranking=popular&limit=1&explain=true&\(name)=True&ranking_vars=%7B%22boost%22:2%7D")
      let first = try #require(answer.json?["results"]?.array?.first)
      #expect(first["score"]?.numberText == "7")
      #expect(first["score_vars"]?.description == #"{"popularity":5,"external":{"boost":2}}"#)
      #expect(
        first["explain"]?.description
          == #"[{"term":"popularity","share":5},{"term":"external.boost","share":2}]"#)
    }
  }

  @Test func pagesGoByOffsetOrBelowAScore() async throws {
    let api = await api()
    var answer = await api.call(.get, "feed/ranked/1/", "ranking=popular&limit=2&session=s&with_score_vars=1")
    #expect(objects(answer) == "db")
    let next = try #require(answer.json?["next"]?.string)
    #expect(
      next == "/api/v1.0/feed/ranked/1/?api_key=key&limit=2&offset=2&ranking=popular&session=s&with_score_vars=1")
    answer = await api.raw(.get, "/api/v1.0/feed/ranked/1/", String(next.split(separator: "?")[1]))
    #expect(objects(answer) == "ca")
    #expect(answer.json?["next"]?.string == "")
    #expect(objects(await api.call(.get, "feed/ranked/1/", "ranking=popular&score_lt=5")) == "ca")
    #expect(objects(await api.call(.get, "feed/ranked/1/", "ranking=popular&score_lt=-1e9")) == "")
    // Bounds and filters come first (K12).
    let all = await api.call(.get, "feed/ranked/1/")
    let newest = try #require(all.json?["results"]?.array?.first?["id"]?.string)
    #expect(objects(await api.call(.get, "feed/ranked/1/", "ranking=popular&id_lt=\(newest)")) == "bca")
  }

  @Test func sessionsFixTheOrderOfDice() async {
    let api = await api()
    var orders: Set<String> = []
    for session in 1...40 {
      let first = objects(await api.call(.get, "feed/ranked/1/", "ranking=dice&session=\(session)"))
      #expect(first == objects(await api.call(.get, "feed/ranked/1/", "ranking=dice&session=\(session)")))
      orders.insert(first)
    }
    #expect(orders.count > 5)
  }

  @Test(arguments: [
    ("ranking=nobody", 12, "nobody"), ("ranking=ml", 12, "ml"), ("ranking=broken", 11, "column 4"),
    ("ranking=popular&around=9b8f3c00-c5cd-11f1-8f3a-6b0f0e1d2c3b", 4, "around"),
  ])
  func whatCannotBeRankedIsRefused(query: String, code: Int, detail: String) async {
    let answer = await api().call(.get, "feed/ranked/1/", query)
    #expect(answer.status == 400 && answer.code == code)
    #expect(answer.detail?.contains(detail) == true, "\(answer.detail ?? "")")
    #expect(
      answer.json?["exception"]?.string
        == [4: "InputException", 11: "RankingException", 12: "MissingRankingException"][code])
  }

  /// Insight P51: a missing model is no failure.
  @Test func withoutAModelItsRankingIsTheOrderOfTime() async {
    let api = TestAPI(app: { $0.personalizationEnabled = true })
    for object in ["a", "b"] {
      _ = await api.call(.post, "feed/user/1/", body: #"{"actor":"x","verb":"v","object":"\#(object)"}"#)
    }
    let answer = await api.call(.get, "feed/user/1/", "ranking=ml")
    #expect(answer.status == 200 && objects(answer) == "ba")
  }

  @Test func aScoreThatFailsIs400With11() async {
    let api = await api()
    #expect(await api.call(.get, "feed/ranked/1/", "ranking=strict").status == 200)
    _ = await api.call(.post, "feed/ranked/1/", body: #"{"actor":"x","verb":"v","object":"z","popularity":0}"#)
    let answer = await api.call(.get, "feed/ranked/1/", "ranking=strict")
    #expect(answer.status == 400 && answer.code == 11)
    #expect(answer.detail?.contains("division by zero") == true)
    #expect(await api.call(.get, "feed/user/1/", "ranking=popular").code == 12)
  }

  @Test func rankingVariablesNameTheFieldThatIsWrong() async {
    let api = await api()
    for (variables, field) in [("%7B%22a%22:%7B%22b%22:%5B%5D%7D%7D", "ranking_vars.a.b"), ("7", "ranking_vars")] {
      let answer = await api.call(.get, "feed/user/1/", "ranking_vars=\(variables)")
      #expect(answer.status == 400 && answer.code == 4)
      #expect(answer.json?["exception_fields"]?.members?.map(\.name) == [field])
    }
  }

  @Test func aRankedPagesTagChangesWithItsScores() async throws {
    let api = await api()
    func tag(_ query: String) async -> String? { await api.call(.get, "feed/ranked/1/", query).header("ETag") }
    let one = try #require(await tag("ranking=popular"))
    #expect(one == (await tag("ranking=popular")))
    #expect(one != (await tag("ranking=popular&ranking_vars=%7B%22boost%22:1%7D")))
    #expect(one != (await tag("")))
  }

  @Test func otherFormatsKeepTheOrder() async {
    let answer = await api().call(.get, "feed/ranked/1.jsonfeed/", "ranking=popular")
    #expect(answer.json?["items"]?.array?.compactMap { $0["_millrace"]?["object"]?.string }.joined() == "dbca")
  }

  @Test func groupsAreRankedFilteredAndOpened() async throws {  // K10
    let api = TestAPI(isLive: true)
    for (object, popularity) in [("a", 1), ("b", 5), ("c", 3)] {
      for number in 0..<2 {
        _ = await api.call(
          .post, "feed/grouped/1/",
          body: #"{"actor":"x","verb":"v","object":"\#(object)","popularity":\#(popularity),"number":\#(number)}"#)
      }
    }
    func groups(_ answer: TestAPI.Answer) -> String {
      (answer.json?["results"]?.array ?? []).compactMap { $0["group"]?.string }.joined()
    }
    for path in ["feed", "enrich/feed"] {
      var answer = await api.call(.get, "\(path)/grouped/1/", "ranking=popular&limit=2&explain=true&with_score_vars=1")
      #expect(groups(answer) == "bc", "\(answer.body)")
      #expect(answer.names == ["results", "next", "duration"])
      let first = try #require(answer.json?["results"]?.array?.first)
      #expect(
        first.members?.map(\.name) == [
          "id", "group", "verb", "activity_count", "actor_count", "created_at", "updated_at", "activities", "score",
        ])
      #expect(first["score"]?.numberText == "5")
      for activity in try #require(first["activities"]?.array) {
        #expect(activity["score"]?.numberText == "5")
        #expect(activity["score_vars"]?.description == #"{"popularity":5,"external":{"boost":0}}"#)
        #expect(activity["explain"]?.array?.count == 2)
      }
      let next = try #require(answer.json?["next"]?.string)
      #expect(next.contains("limit=2&offset=2&ranking=popular"))
      answer = await api.raw(.get, "/api/v1.0/\(path)/grouped/1/", String(next.split(separator: "?")[1]))
      #expect(groups(answer) == "a" && answer.json?["next"]?.string == "")
      answer = await api.call(
        .get, "\(path)/grouped/1/", "filter=%7B%22number%22:0,%22object%22:%5B%22a%22,%22c%22%5D%7D")
      #expect(groups(answer) == "ca")
      #expect(answer.json?["results"]?.array?.map { $0["activities"]?.array?.count } == [1, 1])
      let middle = try #require(answer.json?["results"]?.array?.first?["id"]?.string)
      #expect(groups(await api.call(.get, "\(path)/grouped/1/", "around=\(middle)&limit=1")) == "c")
      #expect(groups(await api.call(.get, "\(path)/grouped/1/", "discard_actors=x")) == "")
      for (query, code) in [
        ("ranking=nobody", 12), ("ranking=broken", 11), ("ranking=popular&around=\(middle)", 4),
        ("around=\(middle)&offset=1", 4), ("around=1", 4), ("filter=7", 4), ("rankingVars%5B%5D=1", 4),
      ] {
        let refused = await api.call(.get, "\(path)/grouped/1/", query)
        #expect(refused.status == 400 && refused.code == code, "\(query)")
      }
    }
    let tag = try #require(await api.call(.get, "feed/grouped/1/", "ranking=popular").header("ETag"))
    let other = await api.call(
      .get, "feed/grouped/1/", "ranking=popular&ranking_vars=%7B%22boost%22:1%7D", headers: [("If-None-Match", tag)])
    #expect(other.status == 200)
    #expect(await api.call(.get, "feed/grouped/1/", "ranking=popular", headers: [("If-None-Match", tag)]).status == 304)
  }
}
