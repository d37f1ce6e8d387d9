import FeedAPIService
import Feeds
import HTTP
import JSON
import Testing

/// C8, C9, C13–C18, C21 and the codes of feeds 1.3.
@Suite struct ErrorBodyTests {
  @Test func theBodyHasExactlySixMembers() async {
    let answer = await TestAPI().call(.get, "feed/user/1/", "limit=x")
    #expect(
      answer.steadyBody
        == #"{"detail":"limit must be a non-negative integer","status_code":400,"code":4,"exception":"InputException","#
        + #""duration":"D","more_info":"https://getstream.io/docs/api_error_responses"}"#)
    #expect(answer.header("Content-Type") == "application/json; charset=utf-8")
  }

  @Test func fieldsAreAddedOnlyWhenThereAreSome() async {
    let answer = await TestAPI().call(.post, "feed/user/1/", body: #"{"verb":"v","object":""}"#)
    #expect(
      answer.steadyBody
        == #"{"detail":"Errors for fields 'actor', 'object'","status_code":400,"code":4,"exception":"InputException","#
        + #""exception_fields":{"actor":["this field is required"],"object":["this field may not be empty"]},"#
        + #""duration":"D","more_info":"https://getstream.io/docs/api_error_responses"}"#)
  }

  @Test func aBatchHasAListOfFields() async {
    let answer = await TestAPI().call(
      .post, "feed/user/1/",
      body: #"{"activities":[\#(TestAPI.activity),{"actor":"a","verb":"v","object":"o","to":["x",1]}]}"#)
    #expect(answer.detail == "Errors for fields 'to' in activities[1]")
    #expect(
      answer.json?["exception_fields"]?.description
        == #"[{},{"to":["to[0] must be a feed such as \"user:1\", or \"user:1 token\"","#
        + #""to[1] must be a feed such as \"user:1\", or \"user:1 token\""]}]"#)
  }

  @Test(arguments: [
    (FeedError.invalid("no"), 400, 4, "InputException"), (.contention, 503, -1, "InternalSystemException"),
    (.store(.unavailable("x")), 503, -1, "InternalSystemException"),
    (.store(.overloaded("x")), 503, -1, "InternalSystemException"),
    (.store(.unknown("x")), 503, -1, "InternalSystemException"),
    (.store(.failed("disk")), 500, -1, "InternalSystemException"),
  ])
  func failuresOfTheDomainHaveTheirStatus(error: FeedError, status: Int, code: Int, exception: String) async {
    let api = TestAPI()
    api.feeds.fail(with: error)
    for answer in [
      await api.call(.get, "feed/user/1/"), await api.call(.post, "feed/user/1/", body: TestAPI.activity),
      await api.call(.delete, "feed/user/1/x/", "foreign_id=1"), await api.call(.get, "activities/", "ids="),
      await api.call(.post, "feed/user/1/follows/", body: #"{"target":"user:2"}"#),
      await api.call(.delete, "feed/user/1/follows/user:2/"), await api.call(.get, "feed/user/1/follows/"),
      await api.call(.post, "follow_many/", body: #"[{"source":"user:1","target":"user:2"}]"#),
      await api.call(.post, "unfollow_many/", body: #"[{"source":"user:1","target":"user:2"}]"#),
    ] {
      #expect(answer.status == status)
      #expect(answer.code == code)
      #expect(answer.json?["status_code"]?.integer == status)
      #expect(answer.json?["exception"]?.string == exception)
      #expect(answer.header("Retry-After") == (status == 503 ? "1" : nil))
      #expect(answer.detail?.contains("disk") == false)
    }
  }

  @Test func everyAnswerCarriesRateLimitAndOriginHeaders() async {
    let api = TestAPI { $0.requestsPerMinuteMax = 1_000 }
    for answer in [
      await api.call(.get, "feed/user/1/"), await api.call(.get, "nothing/"),
      await api.call(.get, "feed/user/1/", key: "x"),
      await api.call(.put, "feed/user/1/"), await api.call(.post, "feed/user/1/", body: TestAPI.activity),
    ] {
      #expect(answer.header("X-RateLimit-Limit") == "1000")
      #expect(answer.header("X-RateLimit-Remaining").flatMap { Int($0) } != nil)
      #expect((answer.header("X-RateLimit-Reset").flatMap { Int($0) } ?? 0) > 1_700_000_000)
      #expect(answer.header("Access-Control-Allow-Origin") == "*")
      #expect(
        answer.header("Access-Control-Expose-Headers") == "X-RateLimit-Limit, X-RateLimit-Remaining, X-RateLimit-Reset")
    }
  }

  @Test func pastTheLimitOneKindIsRefusedAndOthersAreNot() async {
    let api = TestAPI { $0.requestsPerMinuteMax = 2 }
    // A window may end between two calls: four calls meet one that is full.
    var last = await api.call(.post, "feed/user/1/", body: TestAPI.activity)
    for _ in 0..<5 where last.status != 429 { last = await api.call(.post, "feed/user/1/", body: TestAPI.activity) }
    #expect(last.status == 429)
    #expect(last.code == 9)
    #expect(last.json?["exception"]?.string == "RateLimitReached")
    #expect(last.header("X-RateLimit-Remaining") == "0")
    #expect((last.header("Retry-After").flatMap { Int($0) } ?? 0) >= 1)
    let stored = api.feeds.calls.count
    #expect(await api.call(.get, "feed/user/1/").status == 200)
    #expect(api.feeds.calls.count == stored + 1)
  }

  @Test func aPublicKeyAloneUsesNothingUp() async {
    let api = TestAPI { $0.requestsPerMinuteMax = 2 }
    for _ in 0..<9 { #expect(await api.call(.get, "feed/user/1/", token: .text("x")).status == 401) }
    #expect(await api.call(.get, "feed/user/1/").status == 200)
  }

  @Test func preflightsNeedNoKey() async {
    let answer = await TestAPI().call(.options, "feed/user/1/", token: .none, key: nil)
    #expect(answer.status == 204)
    #expect(answer.response.body.isEmpty)
    #expect(answer.header("Access-Control-Allow-Origin") == "*")
    #expect(answer.header("Access-Control-Allow-Methods") == "GET, POST, PUT, PATCH, DELETE, OPTIONS")
    #expect(
      answer.header("Access-Control-Allow-Headers")
        == "authorization, content-type, stream-auth-type, x-stream-client, x-api-key, x-requested-with, idempotency-key, "
        + "if-none-match")
    #expect(answer.header("Access-Control-Max-Age") == "86400")
  }

  @Test func refusalsOfTheServerHaveTheShapeToo() throws {
    let api = TestAPI()
    for (status, code) in [(400, 4), (413, 18), (431, 4), (408, 4), (503, -1), (501, -1)] {
      let response = api.handler.refuse(status: status, reason: "because \"so\"")
      let json = try JSONValue(parsing: response.body)
      #expect(response.status == status)
      #expect(
        json.members?.map(\.name) == ["detail", "status_code", "code", "exception", "duration", "more_info"])
      #expect(json["code"]?.integer == code)
      #expect(json["detail"]?.string == "because \"so\"")
    }
  }

  @Test func theDescriptionIsServed() async {
    let answer = await TestAPI(openAPI: "openapi: 3.1.0\n").raw(.get, "/openapi.yaml", "", token: .none)
    #expect(answer.status == 200)
    #expect(answer.body == "openapi: 3.1.0\n")
    #expect(await TestAPI().raw(.get, "/openapi.yaml", "", token: .none).status == 404)
    #expect(await TestAPI(openAPI: "x").raw(.post, "/openapi.yaml", "", token: .none).status == 405)
  }
}
