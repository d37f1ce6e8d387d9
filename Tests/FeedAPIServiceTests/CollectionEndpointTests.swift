import FeedAPIService
import HTTP
import Testing

/// 2.10, O1–O10, P8, P25, P27, P28, P30: collections.
@Suite struct CollectionEndpointTests {
  private func add(
    _ api: TestAPI, _ members: String, to collection: String = "food", token: TestAPI.Token = .server
  ) async -> TestAPI.Answer {
    await api.call(.post, "collections/\(collection)/", body: "{\(members)}", token: token)
  }

  @Test func anObjectComesBackAsItWasSent() async {
    let api = TestAPI()
    let added = await add(api, #""id":"b1","data":{"name":"Burger", "rating":4.50},"user_id":null"#)
    #expect(added.status == 201)
    #expect(
      added.steadyBody
        == #"{"id":"b1","collection":"food","foreign_id":"food:b1","data":{"name":"Burger", "rating":4.50},"#
        + #""created_at":"2026-11-18T11:06:40.000001Z","updated_at":"2026-11-18T11:06:40.000001Z","duration":"D"}"#)
    #expect(await api.call(.get, "collections/food/b1/").steadyBody == added.steadyBody)
    let updated = await api.call(.put, "collections/food/b1/", body: #"{"data":{"name":"Pizza"}}"#)
    #expect(updated.status == 201)
    #expect(updated.json?["data"]?.description == #"{"name":"Pizza"}"#)
    #expect(updated.json?["created_at"] == added.json?["created_at"])
    #expect(updated.json?["updated_at"] != added.json?["updated_at"])
    #expect(await api.call(.get, "collections/food/b1/").steadyBody == updated.steadyBody)
    #expect(await api.call(.get, "collections/drink/b1/").status == 404)
    #expect(await api.call(.delete, "collections/food/b1/").steadyBody == #"{"duration":"D"}"#)
    for method in [HTTPMethod.get, .put, .delete] {
      let gone = await api.call(method, "collections/food/b1/", body: #"{"data":{"a":1}}"#)
      #expect(gone.status == 404 && gone.code == 16)
    }
    #expect(await add(api, #""id":"b1","data":{"a":1}"#).status == 201, "the id is free again")
  }

  @Test(arguments: ["", #""id":null,"#, #""id":"","#])
  func withoutAnIDTheServerMakesOne(id: String) async throws {
    let api = TestAPI()
    let first = await add(api, #"\#(id)"data":{"a":1}"#)
    let second = await add(api, #"\#(id)"data":{"a":1}"#)
    #expect(first.status == 201)
    let made = try #require(first.json?["id"]?.string)
    #expect(made.wholeMatch(of: /[0-9a-f]{8}-[0-9a-f]{4}-1[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}/) != nil)
    #expect(first.json?["foreign_id"]?.string == "food:\(made)")
    #expect(second.json?["id"]?.string != made)
  }

  @Test func formComesBeforeConflictAndExistence() async {
    let api = TestAPI { $0.entityDataBytesMax = 20 }
    _ = await add(api, #""id":"b1","data":{"a":1}"#)
    for members in [
      #""id":"b1""#, #""id":"b1","data":null"#, #""id":"b1","data":{}"#, #""id":"b1","data":[]"#,
      #""id":"b1","data":"x""#, #""id":"b1","data":[1]"#, #""id":"!abcdee!","data":{"a":1}"#, #""id":7,"data":{"a":1}"#,
      #""id":"b2","data":{"a":1},"user_id":7"#, #""id":"b2","data":{"a":1},"user_id":"a b""#,
      #""id":"b2","data":{"a":"0123456789012345"}"#,
    ] {
      let answer = await add(api, members)
      #expect(answer.status == 400 && answer.code == 4, "\(members)")
      #expect(await add(api, members, token: .user("alice")).status == 400, "\(members)")
    }
    #expect(await add(api, #""id":"x","data":{"a":1}"#, to: "a%20b").code == 4)
    for body in [
      #"{"data":{}}"#, #"{"data":"x"}"#, "{}", #"{"id":"b1","data":{"a":1}}"#, #"{"id":null,"data":{"a":1}}"#,
    ] {
      #expect(await api.call(.put, "collections/food/b1/", body: body).code == 4, "\(body)")
      #expect(await api.call(.put, "collections/food/none/", body: body).code == 4, "\(body)")
    }
    #expect(await api.call(.get, "collections/food/a%20b/").code == 4)
    #expect(await api.call(.get, "collections/food/b2/").status == 404)
  }

  @Test func anExistingIDIsAConflictForEverybody() async {
    let api = TestAPI()
    _ = await add(api, #""id":"b1","data":{"a":1}"#, token: .user("alice"))
    for token in [TestAPI.Token.user("alice"), .user("bob"), .server] {
      let answer = await add(api, #""id":"b1","data":{"a":2}"#, token: token)
      #expect(answer.status == 409 && answer.code == 4)
      #expect(answer.json?["exception"]?.string == "InputException")
    }
    #expect(await add(api, #""id":"b1","data":{"a":2}"#, to: "drink").status == 201)
    #expect(await api.call(.get, "collections/food/b1/").json?["data"]?.description == #"{"a":1}"#)
  }

  @Test func usersChangeWhatTheyAdded() async {
    let api = TestAPI()
    _ = await add(api, #""id":"mine","data":{"a":1}"#, token: .user("alice"))
    _ = await add(api, #""id":"given","data":{"a":1},"user_id":"alice""#)
    _ = await add(api, #""id":"nobodys","data":{"a":1}"#)
    #expect(await add(api, #""id":"x","data":{"a":1},"user_id":"bob""#, token: .user("alice")).status == 403)
    #expect(await add(api, #""id":"x","data":{"a":1},"user_id":"alice""#, token: .user("alice")).status == 201)
    let body = #"{"data":{"a":2}}"#
    func status(_ method: HTTPMethod, _ id: String, _ user: String) async -> Int {
      await api.call(method, "collections/food/\(id)/", body: body, token: .user(user)).status
    }
    for id in ["mine", "given", "nobodys"] {
      #expect(await status(.get, id, "bob") == 200)
      #expect(await status(.put, id, "bob") == 403)
      #expect(await status(.delete, id, "bob") == 403)
    }
    #expect(await status(.put, "none", "bob") == 404)
    #expect(await status(.delete, "none", "bob") == 404)
    #expect(await status(.put, "mine", "alice") == 201)
    #expect(await status(.put, "given", "alice") == 201)
    #expect(await status(.put, "nobodys", "alice") == 403)
    #expect(await status(.delete, "mine", "alice") == 200)
    #expect(await api.call(.put, "collections/food/nobodys/", body: body).status == 201)
    let read = await api.call(.get, "collections/food/given/")
    #expect(read.names == ["id", "collection", "foreign_id", "data", "created_at", "updated_at", "duration"])
    #expect(await api.call(.get, "collections/food/given/", token: .none, key: "other").code == 3)
  }

  @Test(arguments: ["collections", "meta"])
  func anUpsertStoresWholeItemsAndEchoesThem(path: String) async {
    let api = TestAPI()
    let old = await add(api, #""id":"1","data":{"old":true}"#, token: .user("alice"))
    let body = #"{"data":{"food":[{"id":"1", "name":"juniper","data":{"k":[1.0]}},{"name":"x","id":2}],"drink":[]}}"#
    let answer = await api.call(.post, "\(path)/", body: body)
    #expect(answer.status == 201)
    #expect(
      answer.steadyBody
        == #"{"data":{"food":[{"id":"1", "name":"juniper","data":{"k":[1.0]}},{"name":"x","id":"2"}],"drink":[]},"#
        + #""duration":"D"}"#)
    let read = await api.call(.get, "\(path)/", "foreign_ids=food:2,drink:1,food:1,food:2")
    #expect(read.status == 200)
    #expect(read.names == ["response", "duration"])
    let objects = read.json?["response"]?["data"]?.array ?? []
    #expect(objects.map { $0["foreign_id"]?.string } == ["food:2", "food:1"])
    #expect(
      objects.map { $0["data"]?.description } == [
        #"{"name":"x","id":"2"}"#, #"{"id":"1","name":"juniper","data":{"k":[1.0]}}"#,
      ])
    #expect(objects.last?["created_at"] == old.json?["created_at"])
    #expect(objects.last?["updated_at"] != old.json?["updated_at"])
    #expect(
      await api.call(.put, "collections/food/1/", body: #"{"data":{"a":1}}"#, token: .user("alice")).status == 201,
      "it stays whose it was")
    let deleted = await api.call(.delete, "\(path)/", "collection_name=food&ids=1&ids=none")
    #expect(deleted.status == 200)
    #expect(deleted.steadyBody == #"{"duration":"D"}"#)
    #expect(await api.call(.get, "collections/food/1/").status == 404)
    #expect(await api.call(.get, "collections/food/2/").status == 200)
  }

  @Test func anUpsertMakesMissingIDs() async throws {
    let api = TestAPI()
    let answer = await api.call(
      .post, "collections/", body: #"{"data":{"food":[{"a":1},{"id":null,"b":2},{}]}}"#)
    let items = try #require(answer.json?["data"]?["food"]?.array)
    #expect(items.map { $0.members?.map(\.name) ?? [] } == [["a", "id"], ["id", "b"], ["id"]])
    let ids = items.compactMap { $0["id"]?.string }
    #expect(Set(ids).count == 3)
    for (id, item) in zip(ids, items) {
      #expect(await api.call(.get, "collections/food/\(id)/").json?["data"] == item)
    }
  }

  @Test func theLastOfEqualIDsCounts() async {
    let api = TestAPI()
    _ = await api.call(.post, "collections/", body: #"{"data":{"food":[{"id":"1","n":1},{"id":1,"n":2}]}}"#)
    #expect(await api.call(.get, "collections/food/1/").json?["data"]?.description == #"{"id":"1","n":2}"#)
  }

  @Test func batchesAreForServersAndBounded() async {
    let api = TestAPI {
      $0.entitiesPerRequestMax = 2
      $0.entityDataBytesMax = 24
    }
    for (method, query) in [
      (HTTPMethod.post, ""), (.get, "foreign_ids=food:1"), (.delete, "collection_name=food&ids=1"),
    ] {
      let answer = await api.call(method, "collections/", query, body: #"{"data":{"food":[{}]}}"#, token: .user("a"))
      #expect(answer.status == 403 && answer.code == 17)
    }
    for body in [
      "{}", #"{"data":"x"}"#, #"{"data":[1]}"#, #"{"data":{"food":{}}}"#, #"{"data":{"food":[1]}}"#,
      #"{"data":{"fo od":[]}}"#, #"{"data":{"food":[{"id":"1"},{"id":"a b"}]}}"#, #"{"data":{"food":[{"id":1.5}]}}"#,
      #"{"data":{"food":[{"id":[]}]}}"#, #"{"data":{"food":[{"id":"1"},{}],"drink":[{}]}}"#,
      #"{"data":{"food":[{"id":"1","x":"0123456789"}]}}"#,
    ] {
      #expect(await api.call(.post, "collections/", body: body, token: .user("a")).code == 4, "\(body)")
    }
    for query in ["", "foreign_ids=food", "foreign_ids=fo%20od:1", "foreign_ids=a:1,a:2,a:3"] {
      #expect(await api.call(.get, "collections/", query).code == 4)
    }
    for query in [
      "", "ids=1", "collection_name=food", "collection_name=fo%20od&ids=1", "collection_name=food&ids=1,2,3",
      "collection_name=food&ids=a%20b", "collection_name[]=food&ids=1",
    ] {
      #expect(await api.call(.delete, "collections/", query).code == 4)
    }
    #expect(await api.call(.get, "collections/food/1/").status == 404, "nothing of a refused batch is stored")
    #expect(await api.call(.post, "collections/", body: #"{"data":[]}"#).steadyBody == #"{"data":{},"duration":"D"}"#)
  }

  @Test func appsDoNotSeeEachOthersObjects() async {
    let api = TestAPI()
    let other = TestAPI.Token.text(TestAPI.otherServerToken)
    _ = await add(api, #""id":"1","data":{"of":1}"#)
    for method in [HTTPMethod.get, .delete] {
      #expect(await api.call(method, "collections/food/1/", token: other, key: "other").status == 404)
    }
    #expect(
      await api.call(.get, "collections/", "foreign_ids=food:1", token: other, key: "other").steadyBody
        == #"{"response":{"data":[]},"duration":"D"}"#)
    _ = await api.call(.delete, "collections/", "collection_name=food&ids=1", token: other, key: "other")
    #expect(await api.call(.get, "collections/food/1/").status == 200)
  }

  @Test func retriesKnowTheirOwnEffect() async {
    let api = TestAPI()
    func add(_ key: String) async -> TestAPI.Answer {
      await api.call(.post, "collections/food/", body: #"{"data":{"a":1}}"#, headers: [("Idempotency-Key", key)])
    }
    api.store.loseAnswer(ofWrite: 2)
    #expect(await add("1").status == 503)
    let first = await add("1")
    #expect(first.status == 201)
    #expect(await add("1").steadyBody == first.steadyBody)
    #expect(await add("2").json?["id"] != first.json?["id"])
  }
}
