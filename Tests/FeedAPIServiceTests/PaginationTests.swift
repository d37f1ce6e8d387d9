import FeedAPIService
import HTTP
import JSON
import Testing

/// L2, L3, F13, C12a: pages and what leads from one to the next.
@Suite struct PaginationTests {
  private func api(with count: Int) async -> TestAPI {
    let api = TestAPI()
    for index in 0..<count {
      _ = await api.call(.post, "feed/user/1/", body: #"{"actor":"a","verb":"v","object":"\#(index)"}"#)
    }
    return api
  }

  private func objects(_ answer: TestAPI.Answer) -> [String] {
    answer.json?["results"]?.array?.compactMap { $0["object"]?.string } ?? []
  }

  /// Follows `next` to the end and gives all that was read.
  private func walk(_ api: TestAPI, _ query: String) async -> (pages: Int, objects: [String]) {
    var answer = await api.call(.get, "feed/user/1/", query)
    var read = objects(answer)
    var pages = 1
    while let next = answer.json?["next"]?.string, !next.isEmpty, pages < 50 {
      let parts = next.split(separator: "?", omittingEmptySubsequences: false)
      #expect(parts.count == 2, "exactly one ? in \(next)")
      #expect(parts.first == "/api/v1.0/feed/user/1/")
      answer = await api.raw(.get, String(parts[0]), String(parts[1]))
      #expect(answer.status == 200)
      read += objects(answer)
      pages += 1
    }
    return (pages, read)
  }

  @Test func nextLeadsThroughTheWholeFeed() async {
    let api = await api(with: 7)
    let all = (0..<7).reversed().map(String.init)
    for (query, pages) in [("limit=3", 3), ("limit=7", 1), ("limit=3&offset=0", 3), ("", 1), ("limit=1000", 1)] {
      let walked = await walk(api, query)
      #expect(walked.objects == all, "\(query)")
      #expect(walked.pages == pages, "\(query)")
    }
    let skipped = await walk(api, "limit=2&offset=2")
    #expect(skipped.objects == Array(all.dropFirst(2)))
    #expect(skipped.pages == 3)
  }

  @Test func nextRepeatsTheOptions() async throws {
    let api = await api(with: 3)
    let first = await api.call(
      .get, "feed/user/1/", "limit=1&location=a%20b&id_gt=00000000-0000-1000-8000-000000000000&x=%26")
    let id = try #require(first.json?["results"]?.array?.first?["id"]?.string)
    #expect(
      first.json?["next"]?.string
        == "/api/v1.0/feed/user/1/?api_key=key&id_lt=\(id)&limit=1&location=a%20b&id_gt=00000000-0000-1000-8000-000000000000&x=%26"
    )
    let byOffset = await api.call(.get, "feed/user/1/", "limit=1&offset=1")
    #expect(byOffset.json?["next"]?.string == "/api/v1.0/feed/user/1/?api_key=key&limit=1&offset=2")
    let byHeader = await api.call(.get, "feed/user/1/", "limit=2", key: nil, headers: [("X-Api-Key", "key")])
    #expect(byHeader.json?["next"]?.string?.contains("?api_key=key&") == true)
  }

  @Test func boundsSelectAndCombine() async throws {
    let api = await api(with: 5)
    let page = await api.call(.get, "feed/user/1/")
    let ids = try #require(page.json?["results"]?.array?.compactMap { $0["id"]?.string })
    func read(_ query: String) async -> [String] { objects(await api.call(.get, "feed/user/1/", query)) }
    #expect(await read("id_lt=\(ids[1])") == ["2", "1", "0"])
    #expect(await read("id_lte=\(ids[1])") == ["3", "2", "1", "0"])
    #expect(await read("id_gt=\(ids[3])") == ["4", "3", "2"])
    #expect(await read("id_gte=\(ids[3])") == ["4", "3", "2", "1"])
    #expect(await read("id_lte=\(ids[2])&id_gte=\(ids[2])&limit=1") == ["2"])
    #expect(await read("id_lt=\(ids[0].uppercased())&limit=1") == ["3"])
    #expect(await read("limit=0") == [])
    #expect(await api.call(.get, "feed/user/1/", "limit=0").json?["next"]?.string == "")
  }

  @Test(arguments: [
    "limit=-1", "limit=x", "limit=", "limit=1.5", "offset=-1", "offset=10001", "offset=abc", "id_lt=1", "id_gte=",
    "limit[]=1", "id_lt[]=x", "score_lt=x", "score_lt=1e999",
    "rankingVars[]=1", "rankingVars=[1]", "ranking_vars=1", "ranking[]=x",
    "around=x", "around=9b8f3c00-c5cd-11f1-8f3a-6b0f0e1d2c3b&offset=1", "filter=x", "filter=[]", "filter[]=1",
    "discard_actors_sep=aaaaaaaaaaaaaaaaa",
  ])
  func badAndUnservedParametersAre400AndNamed(query: String) async {
    let api = TestAPI()
    let answer = await api.call(.get, "feed/user/1/", query)
    #expect(answer.status == 400)
    #expect(answer.code == 4)
    let name = query.prefix { $0 != "=" && $0 != "[" }
    #expect(answer.detail?.contains(name) == true, "\(answer.detail ?? "")")
    #expect(api.feeds.calls == [])
  }

  @Test(arguments: [
    "mark_seen=false", "mark_read=0", "mark_seen=", "mark_seen=true", "mark_seen=a,b", "mark_read=1",
    "mark_read=current", "ranking=", "refresh=true", "withScoreVars=true", "user_id=x",
    "rankingVars=%7B%22a%22:1%7D", "location=unspecified", "group=g", "unknown=1", "discard_actors=", "offset=10000",
    "withOwnReactions=true", "score_lt=1", "session=x", "explain=true", "discard_deleted_activities=true", "filter=",
    "filter=%7B%7D",
  ])
  func parametersWithoutEffectAreLetThrough(query: String) async {
    let answer = await TestAPI().call(.get, "feed/user/1/", query)
    #expect(answer.status == 200)
    #expect(answer.names == ["results", "next", "duration"])
  }

  @Test func anUnchangedPageIs304() async throws {
    let api = await api(with: 2)
    let first = await api.call(.get, "feed/user/1/")
    let etag = try #require(first.header("ETag"))
    #expect(etag.hasPrefix("W/\"") && etag.hasSuffix("\""))
    for known in [etag, "\"x\", \(etag)", "*", String(etag.dropFirst(2))] {
      let again = await api.call(.get, "feed/user/1/", headers: [("If-None-Match", known)])
      #expect(again.status == 304)
      #expect(again.response.body.isEmpty)
      #expect(again.header("ETag") == etag)
    }
    #expect(await api.call(.get, "feed/user/1/", headers: [("If-None-Match", "W/\"x\"")]).status == 200)
    _ = await api.call(.post, "feed/user/1/", body: TestAPI.activity)
    let changed = await api.call(.get, "feed/user/1/", headers: [("If-None-Match", etag)])
    #expect(changed.status == 200)
    #expect(changed.header("ETag") != etag)
  }

  @Test func headIsAReadAndTheSameTwiceButForDuration() async {
    let api = await api(with: 2)
    #expect(await api.call(.head, "feed/user/1/").status == 200)
    let first = await api.call(.get, "feed/user/1/")
    let second = await api.call(.get, "feed/user/1/")
    #expect(first.steadyBody == second.steadyBody)
  }
}
