import FeedAPIService
import Feeds
import HTTP
import KeevoClient
import Model
import Testing

/// Limits of what an app uses in a month (insight D53).
@Suite struct UsageLimitTests {
  private func api(_ most: Int?) -> (TestAPI, UsageLedger) {
    let store = LossyStore(MemoryStore())
    let usage = UsageLedger(store: store, holder: 1)
    return (
      TestAPI(isLive: true, store: store, usage: usage, app: { $0.usageLimits.feedUpdatesPerMonth = most }), usage
    )
  }

  @Test func whereItIsUsedUpNothingIsAddedAndTheRestGoesOn() async throws {
    let (api, _) = api(2)
    let first = await api.call(.post, "feed/user/1/", body: TestAPI.activity)
    let id = try #require(first.json?["id"]?.string)
    let many = #"{"activity":\#(TestAPI.activity),"feeds":["user:2","user:3"]}"#
    #expect(await api.call(.post, "feed/add_to_many/", body: many).status == 201, "it was not used up before")
    for (path, body) in [
      ("feed/user/1/", TestAPI.activity), ("feed/add_to_many/", many),
      ("feed/user/4/follows/", #"{"target":"user:1"}"#),
      ("follow_many/", #"[{"source":"user:4","target":"user:1"}]"#),
      ("feed_targets/user/1/activity_to_targets/", #"{"id":"\#(id)","new_targets":["user:5"]}"#),
      ("reaction/", #"{"kind":"like","activity_id":"\#(id)","user_id":"u","target_feeds":["user:5"]}"#),
    ] {
      let refused = await api.call(.post, path, body: body)
      #expect(refused.status == 429 && refused.code == 9, "\(path) \(refused.body)")
      #expect(refused.json?["exception"]?.string == "RateLimitReached")
      #expect(refused.detail?.contains("feed_updates_per_month") == true)
      let seconds = try #require(refused.header("Retry-After").flatMap { Int($0) })
      #expect((1...31 * 86_400).contains(seconds))
    }
    for feed in ["user/1", "user/4", "user/5"] {
      #expect(await api.call(.get, "feed/\(feed)/").json?["results"]?.array?.count == (feed == "user/1" ? 1 : 0))
    }
    let like = await api.call(.post, "reaction/", body: #"{"kind":"like","activity_id":"\#(id)","user_id":"u"}"#)
    let reaction = try #require(like.json?["id"]?.string)
    #expect(like.status == 201)
    #expect(await api.call(.put, "reaction/\(reaction)/", body: #"{"target_feeds":["user:5"]}"#).status == 429)
    #expect(await api.call(.put, "reaction/\(reaction)/", body: #"{"data":{"a":1}}"#).status == 201)
    #expect(await api.call(.post, "activity/", body: #"{"id":"\#(id)","set":{"a":1}}"#).status == 201)
    #expect(await api.call(.delete, "feed/user/4/follows/user:1/").status == 200)
    #expect(await api.call(.delete, "feed/user/1/\(id)/").status == 200)
    // The other app's month is its own.
    let other = await api.call(
      .post, "feed/user/1/", body: TestAPI.activity, token: .text(TestAPI.otherServerToken), key: "other")
    #expect(other.status == 201)
  }

  @Test func uploadsMayHaveSoManyBytesTogether() async throws {
    let store = LossyStore(MemoryStore())
    let usage = UsageLedger(store: store, holder: 1)
    let picture = try TestAPI.image(8, 8)
    let most = 5_000 + picture.count
    let api = TestAPI(store: store, usage: usage, app: { $0.usageLimits.storageBytes = most })
    func bytes(_ count: Int) -> [UInt8] { [UInt8](repeating: 1, count: count) }
    let first = try await api.uploaded("files/", bytes(4_000))
    let image = try await api.uploaded("images/", picture, name: "a.png")
    for count in [1_001, 9_000] {
      let refused = await api.upload("files/", bytes(count))
      #expect(refused.status == 429 && refused.code == 9, "\(refused.body)")
      #expect(refused.json?["exception"]?.string == "RateLimitReached")
      #expect(refused.detail?.contains("storage_bytes (\(most))") == true)
      #expect(refused.header("Retry-After").flatMap { Int($0) } ?? 0 > 0)
    }
    #expect(api.objects.names.count == 2, "nothing is stored of them")
    _ = try await api.uploaded("files/", bytes(1_000))
    try await usage.write()
    #expect(await api.about(.get, "images/", url: image, "w=4").status == 429, "an image made of one counts too")
    #expect(await api.upload("files/", [1]).status == 429)
    // Reads and deletions go on, and make room.
    #expect(try await api.fetch(first).status == 200)
    #expect(await api.about(.delete, "files/", url: first).status == 200)
    #expect(await api.about(.get, "images/", url: image, "w=4").status == 200)
    #expect(await api.upload("files/", [1]).status == 201)
    // The other app has no limit.
    let other = await api.upload(
      "files/", bytes(9_000), token: .text(TestAPI.otherServerToken), key: "other")
    #expect(other.status == 201)
    let month = UsageDay(ActivityTime(microseconds: Int64(api.now) * 1_000_000)).month
    let warnings = try await UsageLedger.warnings(api.store, app: AppID(1), month: month)
    #expect(warnings.map(\.kind) == [.storageBytes] && warnings.map(\.most) == [most])
    #expect(warnings.map(\.used) == [UInt64(most)])
    #expect(try await UsageLedger.warnings(api.store, app: AppID(2), month: month).isEmpty)
  }

  @Test func withoutALimitAllIsCountedAndNothingRefused() async throws {
    let (api, usage) = api(nil)
    for _ in 0..<5 { #expect(await api.call(.post, "feed/user/1/", body: TestAPI.activity).status == 201) }
    _ = await api.call(
      .post, "reaction/",
      body: #"{"kind":"like","activity_id":"00000000-0000-1000-8000-000000000001","user_id":"u"}"#)
    // Who may not ask is not counted.
    #expect(await api.call(.get, "feed/user/1/", token: .none).status == 401)
    #expect(await api.call(.get, "feed/user/1/", key: "nobody").status == 401)
    try await usage.write()
    let month = UsageDay(ActivityTime(microseconds: Int64(api.now) * 1_000_000)).month
    let used = try #require(try await UsageLedger.read(api.store, app: AppID(1), month: month).first).usage
    #expect(used[.requests] == 6 && used[.feedUpdates] == 5 && used[.reactions] == 1)
    #expect(try await UsageLedger.read(api.store, app: AppID(2), month: month).isEmpty)
  }
}
