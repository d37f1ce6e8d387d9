import FeedAPIService
import Feeds
import HTTP
import Testing

/// C12c: a write with an `Idempotency-Key` has its effect once.
@Suite struct IdempotencyTests {
  private func add(
    _ api: TestAPI, key: String, body: String = TestAPI.activity, path: String = "feed/wall/1/",
    token: TestAPI.Token = .server, apiKey: String = "key"
  ) async -> TestAPI.Answer {
    await api.call(.post, path, body: body, token: token, key: apiKey, headers: [("Idempotency-Key", key)])
  }

  @Test func theFirstAnswerIsGivenAgain() async {
    let api = TestAPI()
    let first = await add(api, key: "k")
    let second = await add(api, key: "k")
    #expect(first.status == 201)
    #expect(first.steadyBody == second.steadyBody)
    #expect(api.feeds.calls == ["add 1 to 1/wall:1"])
    #expect(await add(api, key: "other").steadyBody != first.steadyBody)
    #expect(api.feeds.calls.count == 2)
  }

  @Test func anotherRequestWithTheKeyIs409() async {
    let api = TestAPI()
    _ = await add(api, key: "k")
    let other = await add(api, key: "k", body: #"{"actor":"b","verb":"v","object":"o"}"#)
    #expect(other.status == 409)
    #expect(other.code == 22)
    #expect(other.json?["exception"]?.string == "ConflictException")
    #expect(await add(api, key: "k", path: "feed/wall/2/").status == 409)
    #expect(api.feeds.calls.count == 1)
  }

  @Test func keysBelongToTheirAppAndCaller() async {
    let api = TestAPI()
    _ = await add(api, key: "k")
    let body = #"{"verb":"v","object":"o"}"#
    #expect(await add(api, key: "k", body: body, token: .user("alice")).status == 201)
    #expect(await add(api, key: "k", body: body, token: .user("bob")).json?["actor"]?.string == "SU:bob")
    #expect(await add(api, key: "k", token: .text(TestAPI.otherServerToken), apiKey: "other").status == 201)
    #expect(api.feeds.calls.count == 4)
  }

  @Test func afterAFailureARetryRunsWithTheSameTimes() async {
    let api = TestAPI()
    let batch = #"{"activities":[\#(TestAPI.activity),{"actor":"a","verb":"v","object":"2","time":"2026-11-21"}]}"#
    api.feeds.fail(with: .store(.unknown("gone")))
    #expect(await add(api, key: "k", body: batch).status == 503)
    api.feeds.fail(with: nil)
    let retried = await add(api, key: "k", body: batch)
    #expect(retried.status == 201)
    let times = retried.json?["activities"]?.array?.compactMap { $0["time"]?.string } ?? []
    #expect(times.last == "2026-11-21T00:00:00.000000")
    #expect(times.first == "2026-11-18T11:06:40.000001", "the first time that the time source gave")
    #expect(await add(api, key: "k", body: batch).steadyBody == retried.steadyBody)
  }

  @Test func aRefusalLeavesTheKeyFree() async {
    let api = TestAPI()
    #expect(await add(api, key: "k", body: "{}").status == 400)
    #expect(await add(api, key: "k").status == 201)
  }

  @Test func keysHaveABound() async {
    let api = TestAPI()
    #expect(await add(api, key: String(repeating: "k", count: 64)).status == 201)
    #expect(await add(api, key: String(repeating: "k", count: 65)).code == 4)
    #expect(await add(api, key: "").code == 4)
  }

  @Test func everyWriteTakesAKeyAndReadsDoNot() async {
    let api = TestAPI()
    let headers = [("Idempotency-Key", "k1")]
    for _ in 0..<2 {
      #expect(
        await api.call(.post, "feed/user/1/follows/", body: #"{"target":"user:2"}"#, headers: headers).status == 201)
      #expect(
        await api.call(.delete, "feed/user/1/follows/user:2/", headers: [("Idempotency-Key", "k2")]).status == 200)
      #expect(
        await api.call(.delete, "feed/user/1/x/", "foreign_id=1", headers: [("Idempotency-Key", "k3")]).body
          .hasPrefix(#"{"removed":"x","duration":"#))
    }
    #expect(api.feeds.calls.count == 3)
    for _ in 0..<2 { #expect(await api.call(.get, "feed/user/1/", headers: headers).status == 200) }
    #expect(api.feeds.calls.count == 5)
  }
}
