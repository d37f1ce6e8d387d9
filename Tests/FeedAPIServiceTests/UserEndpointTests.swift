import FeedAPIService
import HTTP
import Testing

/// 2.11, U1–U7, P9, P21, P28, P30: users.
@Suite struct UserEndpointTests {
  private func add(
    _ api: TestAPI, _ id: String, _ data: String? = nil, _ query: String = "", token: TestAPI.Token = .server
  ) async -> TestAPI.Answer {
    let data = data.map { #","data":\#($0)"# } ?? ""
    return await api.call(.post, "user/", query, body: #"{"id":"\#(id)"\#(data)}"#, token: token)
  }

  @Test func aUserComesBackAsItWasSent() async {
    let api = TestAPI()
    let added = await add(api, "alice", #"{ "name":"Alice", "z":1, "a":0.50, "list":[], "e":{}, "n":null}"#)
    #expect(added.status == 201)
    #expect(
      added.steadyBody
        == #"{"id":"alice","data":{ "name":"Alice", "z":1, "a":0.50, "list":[], "e":{}, "n":null},"#
        + #""created_at":"2026-11-18T11:06:40.000001Z","updated_at":"2026-11-18T11:06:40.000001Z","duration":"D"}"#)
    let read = await api.call(.get, "user/alice/")
    #expect(read.status == 200)
    #expect(read.steadyBody == added.steadyBody)
    let updated = await api.call(.put, "user/alice/", body: #"{"data":{"b":2,"a":1}}"#)
    #expect(updated.status == 201)
    #expect(updated.json?["data"]?.description == #"{"b":2,"a":1}"#)
    #expect(updated.json?["created_at"] == added.json?["created_at"])
    #expect(updated.json?["updated_at"] != added.json?["updated_at"])
    #expect(await api.call(.get, "user/alice/").steadyBody == updated.steadyBody)
    #expect(await api.call(.delete, "user/alice/").steadyBody == #"{"duration":"D"}"#)
    for method in [HTTPMethod.get, .delete, .put] {
      let gone = await api.call(method, "user/alice/", body: "{}")
      #expect(gone.status == 404 && gone.code == 16)
      #expect(gone.json?["exception"]?.string == "DoesNotExistException")
    }
    #expect(await add(api, "alice").status == 201)
  }

  @Test(arguments: ["", #","data":null"#, #","data":[]"#, #","data":{}"#])
  func emptyDataIsAnEmptyObject(data: String) async {
    let api = TestAPI()
    #expect(await api.call(.post, "user/", body: #"{"id":"a"\#(data)}"#).json?["data"]?.description == "{}")
    #expect(
      await api.call(.put, "user/a/", body: #"{"x":1\#(data)}"#).json?["data"]?.description == "{}")
  }

  @Test func formsAreChecked() async {
    let api = TestAPI { $0.entityDataBytesMax = 20 }
    for body in [
      #"{"data":{}}"#, #"{"id":null}"#, #"{"id":""}"#, #"{"id":7}"#, #"{"id":"a b"}"#, #"{"id":"é"}"#,
      #"{"id":"\#(String(repeating: "x", count: 256))"}"#, #"{"id":"a","data":"text"}"#, #"{"id":"a","data":[1]}"#,
      #"{"id":"a","data":7}"#, #"{"id":"a","data":{"x":"0123456789012345"}}"#, #"["a"]"#, "7", "{",
    ] {
      let answer = await api.call(.post, "user/", body: body)
      #expect(answer.status == 400 && answer.code == 4, "\(body)")
    }
    #expect(await add(api, "a").status == 201)
    #expect(await api.call(.put, "user/a/", body: #"{"data":"text"}"#).code == 4)
    #expect(await api.call(.put, "user/a%20b/", body: "{}").code == 4)
    #expect(await api.call(.get, "user/a%20b/").code == 4)
    #expect(await api.call(.get, "user/a/").json?["data"]?.description == "{}")
  }

  @Test func anExistingIDIsAConflictOrIsGiven() async {
    let api = TestAPI()
    let first = await add(api, "alice", #"{"n":1}"#)
    let again = await add(api, "alice", #"{"n":2}"#)
    #expect(again.status == 409 && again.code == 22)
    #expect(again.json?["exception"]?.string == "ConflictException")
    let given = await add(api, "alice", #"{"n":2}"#, "get_or_create=True")
    #expect(given.status == 200)
    #expect(given.steadyBody == first.steadyBody)
    #expect(await add(api, "bob", nil, "get_or_create=true").status == 201)
    #expect(await add(api, "bob", nil, "get_or_create=False").code == 22)
  }

  @Test func usersChangeThemselvesOnly() async {
    let api = TestAPI()
    #expect(await add(api, "alice", token: .user("alice")).status == 201)
    let refused = await add(api, "bob", token: .user("alice"))
    #expect(refused.status == 403 && refused.code == 17)
    #expect(refused.detail?.hasPrefix("You do not have permission to do this") == true)
    #expect(await add(api, "alice", nil, "get_or_create=true", token: .user("bob")).status == 403)
    #expect(await add(api, "a b", token: .user("alice")).status == 400, "400 before 403")
    #expect(await api.call(.get, "user/alice/", token: .user("bob")).status == 200)
    for method in [HTTPMethod.put, .delete] {
      #expect(await api.call(method, "user/alice/", body: "{}", token: .user("bob")).status == 403)
      #expect(await api.call(method, "user/carl/", body: "{}", token: .user("bob")).status == 404, "404 before 403")
    }
    #expect(await api.call(.put, "user/alice/", body: "{}", token: .user("alice")).status == 201)
    #expect(await api.call(.delete, "user/alice/", token: .user("alice")).status == 200)
    #expect(await api.call(.get, "user/alice/", token: .none, key: "other").code == 3)
  }

  @Test func scopesOfServerTokensHold() async {
    let api = TestAPI()
    let users = TestAPI.Token.scope(resource: "users", action: "*", feedID: nil)
    let reader = TestAPI.Token.scope(resource: "users", action: "read", feedID: "*")
    #expect(await add(api, "alice", token: users).status == 201)
    #expect(await api.call(.get, "user/alice/", token: reader).status == 200)
    #expect(await api.call(.delete, "user/alice/", token: reader).status == 403)
    #expect(await add(api, "bob", token: .scope(resource: "feed", action: "*", feedID: nil)).status == 403)
    #expect(
      await api.call(.get, "user/alice/", token: .scope(resource: "*", action: "read", feedID: "user1")).status == 403)
  }

  @Test func appsDoNotSeeEachOthersUsers() async {
    let api = TestAPI()
    let other = TestAPI.Token.text(TestAPI.otherServerToken)
    _ = await add(api, "alice", #"{"of":1}"#)
    #expect(await api.call(.get, "user/alice/", token: other, key: "other").status == 404)
    #expect(await api.call(.delete, "user/alice/", token: other, key: "other").status == 404)
    #expect(
      await api.call(.delete, "users/", "ids=alice", token: other, key: "other").steadyBody
        == #"{"deleted_users":[],"duration":"D"}"#)
    #expect(await api.call(.post, "user/", body: #"{"id":"alice"}"#, token: other, key: "other").status == 201)
    #expect(await api.call(.get, "user/alice/").json?["data"]?.description == #"{"of":1}"#)
  }

  @Test func batchesAddGetAndDelete() async {
    let api = TestAPI()
    _ = await add(api, "b", #"{"old":1}"#)
    func addMany(_ override: String) async -> TestAPI.Answer {
      await api.call(
        .post, "users/",
        body: #"{"users":[{"id":"a","data":{"n":1}},{"id":"b","data":{"n":2}},{"id":"c"}]\#(override)}"#)
    }
    func data(_ answer: TestAPI.Answer, _ name: String) -> [String] {
      answer.json?[name]?.array?.map { "\($0["id"]?.string ?? "")\($0["data"]?.description ?? "")" } ?? []
    }
    let kept = await addMany("")
    #expect(kept.status == 201)
    #expect(kept.names == ["created_users", "duration"])
    #expect(data(kept, "created_users") == [#"a{"n":1}"#, #"b{"old":1}"#, "c{}"])
    let replaced = await addMany(#","override":true"#)
    #expect(data(replaced, "created_users") == [#"a{"n":1}"#, #"b{"n":2}"#, "c{}"])
    #expect(
      replaced.json?["created_users"]?.array?[1].members?.map(\.name) == ["id", "data", "created_at", "updated_at"])
    let got = await api.call(.get, "users/", "ids=c,x,a,c")
    #expect(got.status == 200)
    #expect(got.names == ["users", "duration"])
    #expect(data(got, "users") == ["c{}", #"a{"n":1}"#])
    #expect(
      await api.call(.delete, "users/", "ids=a&ids=x&ids=b").steadyBody
        == #"{"deleted_users":["a","b"],"duration":"D"}"#)
    #expect(await api.call(.get, "user/a/").status == 404)
    #expect(await api.call(.get, "user/c/").status == 200)
  }

  @Test func aUserNamedTwiceIsOne() async {
    let api = TestAPI()
    func addMany(_ override: Bool) async -> String? {
      let answer = await api.call(
        .post, "users/",
        body: #"{"users":[{"id":"a","data":{"n":1}},{"id":"a","data":{"n":2}}],"override":\#(override)}"#)
      #expect(answer.json?["created_users"]?.array?.count == 1)
      return answer.json?["created_users"]?.array?.first?["data"]?.description
    }
    #expect(await addMany(false) == #"{"n":1}"#)
    #expect(await addMany(true) == #"{"n":2}"#)
  }

  @Test func batchesAreForServersAndBounded() async {
    let api = TestAPI { $0.entitiesPerRequestMax = 2 }
    for (method, query) in [(HTTPMethod.post, ""), (.get, "ids=a"), (.delete, "ids=a")] {
      let answer = await api.call(method, "users/", query, body: #"{"users":[]}"#, token: .user("a"))
      #expect(answer.status == 403 && answer.code == 17)
    }
    for body in [
      "{}", #"{"users":{}}"#, #"{"users":[1]}"#, #"{"users":[{}]}"#, #"{"users":[{"id":"a b"}]}"#,
      #"{"users":[{"id":"a","data":"x"}]}"#, #"{"users":[{"id":"a"},{"id":"b"},{"id":"c"}]}"#,
      #"{"users":[{"id":"a"}],"override":"x"}"#,
    ] {
      #expect(await api.call(.post, "users/", body: body, token: .user("a")).code == 4, "400 before 403: \(body)")
    }
    for query in ["", "ids=a,b,c", "ids=a%20b"] {
      #expect(await api.call(.get, "users/", query).code == 4)
      #expect(await api.call(.delete, "users/", query).code == 4)
    }
    #expect(await api.call(.get, "user/a/").status == 404, "nothing of a refused batch is stored")
    #expect(
      await api.call(.post, "users/", body: #"{"users":[]}"#).steadyBody == #"{"created_users":[],"duration":"D"}"#)
  }

  /// C12c: an answer may get lost after the effect; the retry finds its own effect and says so.
  @Test func retriesKnowTheirOwnEffect() async {
    let api = TestAPI()
    func call(_ method: HTTPMethod, _ path: String, _ body: String, _ key: String) async -> TestAPI.Answer {
      await api.call(method, path, body: body, headers: [("Idempotency-Key", key)])
    }
    api.store.loseAnswer(ofWrite: 2)
    #expect(await call(.post, "user/", #"{"id":"a"}"#, "1").status == 503)
    let retried = await call(.post, "user/", #"{"id":"a"}"#, "1")
    #expect(retried.status == 201)
    #expect(await call(.post, "user/", #"{"id":"a"}"#, "1").steadyBody == retried.steadyBody)
    #expect(await call(.post, "user/", #"{"id":"a"}"#, "2").code == 22, "another request is a conflict")
    api.store.loseAnswer(ofWrite: 2)
    #expect(await call(.delete, "user/a/", "", "3").status == 503)
    #expect(await call(.delete, "user/a/", "", "3").status == 200)
    #expect(await call(.delete, "user/a/", "", "4").status == 404)
  }
}
