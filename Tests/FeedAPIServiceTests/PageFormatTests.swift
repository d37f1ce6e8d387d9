import FeedAPIService
import HTTP
import JSON
import Testing

/// C12b: the same page as ActivityStreams 2.0, Atom and JSON Feed.
@Suite struct PageFormatTests {
  private func api() async -> TestAPI {
    let api = TestAPI()
    for object in ["1", "<&\\\"2\\u0001>"] {
      _ = await api.call(
        .post, "feed/user/1/",
        body:
          #"{"actor":"SU:1","verb":"like","object":"\#(object)","target":"t","time":"2026-11-21T10:00:00","x":{"b":1}}"#
      )
    }
    return api
  }

  @Test(arguments: [
    ("as2", "application/activity+json"), ("atom", "application/atom+xml"), ("jsonfeed", "application/feed+json"),
  ])
  func endingsAndAcceptGiveTheSame(ending: String, type: String) async {
    let api = await api()
    let byEnding = await api.call(.get, "feed/user/1.\(ending)/", "limit=1")
    #expect(byEnding.status == 200)
    #expect(byEnding.header("Content-Type") == "\(type); charset=utf-8")
    #expect(byEnding.body.contains("/api/v1.0/feed/user/1.\(ending)/?api_key=key&") || ending == "atom")
    #expect(byEnding.body.contains("/api/v1.0/feed/user/1.\(ending)/?api_key=key&amp;") || ending != "atom")
    let byAccept = await api.call(
      .get, "feed/user/1/", "limit=2", headers: [("Accept", "text/html, \(type);q=0.9, */*")])
    #expect(byAccept.header("Content-Type") == "\(type); charset=utf-8")
    #expect(byAccept.header("ETag") != byEnding.header("ETag"))
    let tag = byAccept.header("ETag") ?? ""
    #expect(
      await api.call(.get, "feed/user/1/", "limit=2", headers: [("Accept", type), ("If-None-Match", tag)]).status == 304
    )
    #expect(await api.call(.get, "feed/user/1/", "limit=2", headers: [("If-None-Match", tag)]).status == 200)
  }

  @Test(arguments: [
    "*/*", "application/json", "application/json, application/atom+xml", "application/atom+xml;q=0", "text/html",
  ])
  func everythingElseIsPlain(accept: String) async {
    let answer = await api().call(.get, "feed/user/1/", headers: [("Accept", accept)])
    #expect(answer.names == ["results", "next", "duration"])
  }

  @Test func addressesAreWhole() async {
    let api = await api()
    func read(_ ending: String) async -> TestAPI.Answer {
      await api.call(
        .get, "feed/user/1.\(ending)/", "limit=1", headers: [("Host", "feeds.example"), ("X-Forwarded-Proto", "https")])
    }
    let start = "https://feeds.example/api/v1.0/feed/user/1."
    let streams = await read("as2").json
    #expect(streams?["id"]?.string == start + "as2/")
    #expect(streams?["next"]?.string?.hasPrefix(start + "as2/?api_key=key&id_lt=") == true)
    let feed = await read("jsonfeed").json
    #expect(feed?["feed_url"]?.string == start + "jsonfeed/")
    #expect(feed?["next_url"]?.string?.hasPrefix(start + "jsonfeed/?api_key=key&id_lt=") == true)
    let atom = await read("atom").body
    #expect(atom.contains("<link rel=\"self\" href=\"\(start)atom/\"/>"))
    #expect(atom.contains("<link rel=\"next\" href=\"\(start)atom/?api_key=key&amp;id_lt="))
  }

  @Test func activityStreamsHoldTheWholeActivity() async {
    let json = await api().call(.get, "feed/user/1.as2/").json
    #expect(json?["type"]?.string == "OrderedCollectionPage")
    #expect(json?["next"] == nil)
    let items = json?["orderedItems"]?.array ?? []
    #expect(items.count == 2)
    #expect(
      items.allSatisfy { $0["type"]?.string == "Activity" && $0["published"]?.string == "2026-11-21T10:00:00.000000Z" })
    #expect(items.allSatisfy { $0["millrace:activity"]?["x"]?.description == #"{"b":1}"# })
    #expect(Set(items.compactMap { $0["object"]?["name"]?.string }) == ["1", "<&\"2\u{1}>"])
  }

  @Test func jsonFeedsNameTheirVersion() async {
    let json = await api().call(.get, "feed/user/1.jsonfeed/").json
    #expect(json?["version"]?.string == "https://jsonfeed.org/version/1.1")
    #expect(json?["items"]?.array?.first?["id"]?.string?.hasPrefix("urn:uuid:") == true)
  }

  @Test func atomEscapesWhatItMust() async {
    let body = await api().call(.get, "feed/user/1.atom/").body
    #expect(body.contains("SU:1 like &lt;&amp;&quot;2\u{FFFD}&gt;"))
    #expect(!body.contains("\u{1}"))
    #expect(body.contains("<updated>2026-11-21T10:00:00.000000Z</updated>"))
  }

  @Test func onlyPagesHaveEndings() async {
    let api = TestAPI()
    let token = TestAPI.Token.scope(resource: "feed", action: "read", feedID: "user1")
    #expect(await api.call(.get, "feed/user/1.as2/", token: token).status == 200)
    #expect(await api.call(.get, "feed/user/2.as2/", token: token).status == 403)
    #expect(await api.call(.get, "feed/user/1.rss/").code == 4)
    #expect(await api.call(.get, "feed/user/1.json/").code == 4)
    #expect(await api.call(.post, "feed/user/1.as2/", body: TestAPI.activity).code == 4)
    #expect(await api.call(.get, "feed/user/1.as2/followers/").code == 4)
    #expect(await api.call(.get, "feed/timeline/2.atom/", token: .user("1")).status == 403)
  }
}
