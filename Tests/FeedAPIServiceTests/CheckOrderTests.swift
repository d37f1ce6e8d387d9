import FeedAPIService
import HTTP
import Testing

/// C1–C3, C5, C17, A1, A9, A10, A14: what is checked, and what first.
@Suite struct CheckOrderTests {
  /// A request with every fault at once, which loses them one by one in the order of C17.
  @Test func checksComeInTheOrderOfC17() async {
    let api = TestAPI { $0.bodyBytesMax = 64 }
    let large = "{" + String(repeating: " ", count: 100)
    let small = #"{"actor":"#
    func expect(_ answer: TestAPI.Answer, _ status: Int, _ code: Int, _ line: Int = #line) {
      #expect(answer.status == status && answer.code == code, "line \(line): \(answer.body)")
    }
    expect(await api.call(.post, "feeds/user/1/", body: large, token: .text("x"), key: "nobody"), 404, 16)
    expect(await api.call(.put, "feed/nogroup/1/", body: large, token: .text("x"), key: "nobody"), 405, 17)
    expect(await api.call(.post, "feed/nogroup/1/", body: large, token: .text("x"), key: "nobody"), 401, 2)
    expect(await api.call(.post, "feed/nogroup/1/", body: large, token: .text("x"), key: "stopped"), 401, 7)
    expect(await api.call(.post, "feed/nogroup/1/", body: large, token: .text("x")), 401, 3)
    let reader = TestAPI.Token.scope(resource: "*", action: "read", feedID: nil)
    expect(await api.call(.post, "feed/nogroup/1/", body: large, token: reader), 403, 17)
    expect(await api.call(.post, "feed/nogroup/1/", body: large, token: .user("bob")), 413, 18)
    expect(await api.call(.post, "feed/nogroup/1/", body: small, token: .user("bob")), 400, 4)
    expect(await api.call(.post, "feed/nogroup/1/", body: "{}", token: .user("bob")), 400, 6)
    expect(await api.call(.post, "feed/user/1/", body: "{}", token: .user("bob")), 400, 4)
    expect(await api.call(.post, "feed/user/1/", body: TestAPI.activity, token: .user("bob")), 403, 17)
    expect(await api.call(.post, "feed/user/bob/", body: TestAPI.activity, token: .user("bob")), 403, 17)
    #expect(api.feeds.calls == [])
    #expect(await api.call(.post, "feed/user/a/", body: TestAPI.activity, token: .user("a")).status == 201)
    #expect(api.feeds.calls == ["add 1 to 1/user:a"])
  }

  @Test func keysComeInQueryOrHeaderAndMustBeEqual() async {
    let api = TestAPI()
    #expect(await api.call(.get, "feed/user/1/", key: nil).code == 2)
    #expect(await api.call(.get, "feed/user/1/", key: nil, headers: [("x-api-key", "key")]).status == 200)
    #expect(await api.call(.get, "feed/user/1/", headers: [("X-Api-Key", "key")]).status == 200)
    #expect(await api.call(.get, "feed/user/1/", headers: [("X-Api-Key", "other")]).code == 2)
    #expect(await api.call(.get, "feed/user/1/", "api_key=key").status == 200)
    #expect(await api.call(.get, "feed/user/1/", "api_key=other").code == 2)
  }

  @Test func aWrongSignatureIs403AndAMissingTokenIs401() async {
    let api = TestAPI()
    let foreign = await api.call(.get, "feed/user/1/", key: "other")
    #expect(foreign.status == 403)
    #expect(foreign.code == 17)
    #expect(foreign.json?["exception"]?.string == "NotAllowedException")
    let missing = await api.call(.get, "feed/user/1/", token: .none)
    #expect(missing.status == 401)
    #expect(missing.code == 3)
  }

  @Test func anAppMayAllowReadingWithoutAToken() async {
    let api = TestAPI()
    #expect(await api.call(.get, "feed/user/1/", token: .none, key: "other").status == 200)
    #expect(await api.call(.get, "feed/timeline/1/", token: .none, key: "other").code == 3)
    #expect(await api.call(.get, "feed/user/1/followers/", token: .none, key: "other").code == 3)
    #expect(await api.call(.get, "activities/", "ids=", token: .none, key: "other").code == 3)
    #expect(await api.call(.post, "feed/wall/1/", body: TestAPI.activity, token: .none, key: "other").code == 3)
    #expect(await api.call(.post, "follow_many/", body: "[]", token: .none, key: "other").code == 3)
    #expect(await api.call(.delete, "feed/wall/1/x/", "foreign_id=1", token: .none, key: "other").code == 3)
  }

  @Test(arguments: [
    "/api/v1.0/feed/user/1/", "/api/v1.0/feed/user/1", "//api///v1.0/feed//user/1//", "/api/v1.0/feed/%75ser/1/",
  ])
  func pathsAnswerAlikeWithAndWithoutSlashes(path: String) async {
    let api = TestAPI()
    #expect(await api.raw(.get, path, "api_key=key").status == 200)
    #expect(api.feeds.calls == ["read 1/user:1"])
  }

  @Test func unknownPathsAre404AndUnknownMethods405() async {
    let api = TestAPI()
    for path in ["/", "/api", "/api/v1.0/", "/api/v2.0/feed/user/1/", "/api/v1.0/feed/", "/api/v1.0/feed/user/", "/x"] {
      let answer = await api.raw(.get, path, "", token: .none)
      #expect(answer.status == 404 && answer.code == 16, "\(path): \(answer.body)")
      #expect(answer.json?["exception"]?.string == "DoesNotExistException")
    }
    let answer = await api.call(.patch, "feed/user/1/")
    #expect(answer.status == 405)
    #expect(answer.code == 17)
    #expect(answer.json?["exception"]?.string == "MethodNotAllowedException")
    #expect(answer.header("Allow") == "GET, POST, HEAD, OPTIONS")
    #expect(await api.call(.delete, "feed/user/1/following/").status == 405)
    #expect(await api.call(.get, "feed/user/1/some-activity/").status == 405)
  }

  @Test func endpointsToComeAnswer501AndNameThemselves() async {
    let api = TestAPI()
    for (method, path) in [
      (HTTPMethod.get, "realtime/presence/"), (.post, "devices/"), (.post, "push/"),
    ] {
      let answer = await api.call(method, path)
      #expect(answer.status == 501 && answer.code == -1, "\(path): \(answer.body)")
      #expect(answer.detail?.hasSuffix("is not served yet") == true)
      #expect(await api.call(method, path, token: .none).status == 401)
    }
    #expect(await api.call(.get, "feed/add_to_many/").status == 405)
  }

  @Test func bodiesOfReadsAndDeletesAreIgnored() async {
    let api = TestAPI()
    for body in ["{}", "[]", "not json", ""] {
      #expect(await api.call(.get, "feed/user/1/", body: body).status == 200)
      #expect(await api.call(.delete, "feed/user/1/x/", "foreign_id=1", body: body).status == 200)
    }
    // An empty body counts as {}, an empty list as an empty object (C5).
    for body in ["", "  ", "[]", "{}"] {
      let answer = await api.call(.post, "feed/user/1/", body: body)
      #expect(answer.detail == "Errors for fields 'actor', 'verb', 'object'")
    }
  }

  @Test func aBrokenQueryIsToldAfterTheToken() async {
    let api = TestAPI()
    #expect(await api.call(.get, "feed/user/1/", "x=%ff", token: .none).code == 3)
    #expect(await api.call(.get, "feed/user/1/", "x=%ff").code == 4)
  }

  @Test func malformedBodiesNameThePlace() async {
    let answer = await TestAPI().call(.post, "feed/user/1/", body: #"{"actor":1,"actor":2}"#)
    #expect(answer.status == 400)
    #expect(
      answer.detail == "the body is not valid JSON, at byte 11: the member name occurs twice in its object")
  }
}
