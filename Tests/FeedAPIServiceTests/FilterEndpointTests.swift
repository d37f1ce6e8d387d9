import FeedAPIService
import Feeds
import HTTP
import JSON
import Model
import Testing

/// `discard_…` of feeds 2.2, and ours: `filter`, `around`. The domain's own tests hold what they select.
@Suite struct FilterEndpointTests {
  @Test func theDomainIsAskedForWhatTheQuerySays() async throws {
    let api = TestAPI()
    func page(_ query: String) async throws -> PageRequest {
      let answer = await api.call(.get, "feed/user/1/", query)
      #expect(answer.status == 200, "\(answer.body)")
      return try #require(api.feeds.lastPage)
    }
    #expect(try await page("discard_actors=a,%20b&discard_actors=c").filter.discardedActors == ["a", "b", "c"])
    #expect(try await page("discard_actors=a;b,c&discard_actors_sep=;").filter.discardedActors == ["a", "b,c"])
    #expect(try await page("discard_actors[]=a&discard_actors[]=b").filter.discardedActors == ["a", "b"])
    #expect(try await page("discard_deleted_activities=True").filter.discardsDeleted)
    #expect(try await page("discard_deleted_activities=0").filter.isEmpty)
    #expect(try await !page("filter=%7B%22verb%22:%22like%22%7D").filter.isEmpty)
    let id = "9b8f3c00-c5cd-11f1-8f3a-6b0f0e1d2c3b"
    #expect(try await page("around=\(id)&limit=9").around?.description == id)
  }

  @Test func aWrongFilterNamesItsField() async {
    let many = (0..<26).map(String.init).joined(separator: ",")
    for (filter, field) in [
      (#"{"a":{"b":1}}"#, "filter.a"), (#"{"a..b":1}"#, "filter.a..b"), (#"{"a":[]}"#, "filter.a"),
      (#"{"a":[\#(many)]}"#, "filter.a"),
      ("7", "filter"), ("{", "filter"),
    ] {
      let answer = await TestAPI().call(.get, "feed/user/1/", "filter=\(PercentEncoding.encode(filter))")
      #expect(answer.status == 400 && answer.code == 4)
      #expect(answer.json?["exception_fields"]?.members?.map(\.name) == [field], "\(answer.body)")
    }
  }

  @Test func nextGoesOnWhereAFilteredReadStopped() async throws {
    let id = try #require(ActivityID("9b8f3c00-c5cd-11f1-8f3a-6b0f0e1d2c3b"))
    let api = TestAPI()
    api.feeds.answer(FlatPage(items: [], hasMore: true, stop: .init(after: id, offsetLeft: 3)))
    let answer = await api.call(.get, "feed/user/1/", "limit=2&offset=5&discard_actors=a&id_lte=\(id)")
    #expect(
      answer.json?["next"]?.string
        == "/api/v1.0/feed/user/1/?api_key=key&id_lt=\(id)&limit=2&offset=3&discard_actors=a")
    api.feeds.answer(FlatPage(items: [], hasMore: true, stop: .init(after: id, offsetLeft: 0)))
    let around = await api.call(.get, "feed/user/1/", "around=\(id)")
    #expect(around.json?["next"]?.string == "/api/v1.0/feed/user/1/?api_key=key&id_lt=\(id)&limit=25")
  }

  @Test func discardedActorsAreBounded() async {
    let api = TestAPI { $0.discardActorsMax = 2 }
    #expect(await api.call(.get, "feed/user/1/", "discard_actors=a,b").status == 200)
    #expect(await api.call(.get, "feed/user/1/", "discard_actors=a,b,c").status == 400)
  }
}
