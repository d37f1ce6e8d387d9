import Auth
import ControlPlane
import Dispatch
import FeedAPIService
import Feeds
import FuzzDriver
import HTTP
import JSON
import KeevoClient
import Model
import ObjectStorage
import Synchronization
import Telemetry

/// Requests that take a body or a query of some language. An input's first byte chooses one, its first line is the query,
/// the rest the body.
private let requests: [(HTTPMethod, String)] = [
  (.post, "feed/user/1/"), (.post, "feed/user/1/following/"), (.post, "follow_many/"), (.post, "unfollow_many/"),
  (.post, "user/"), (.put, "user/1/"), (.post, "users/"), (.post, "collections/food/"), (.put, "collections/food/1/"),
  (.post, "collections/"), (.get, "feed/user/1/"), (.get, "enrich/feed/user/1/"), (.get, "activities/"),
  (.get, "feed/user/1/followers/"), (.delete, "feed/user/1/x/"), (.get, "personalization/feed/"),
  (.post, "reaction/"), (.get, "reaction/activity_id/00000000-0000-1000-8000-000000000001/"), (.post, "activities/"),
  (.post, "activity/"), (.post, "feed_targets/user/1/activity_to_targets/"), (.post, "feed/add_to_many/"),
]

private let secret = Array("a-secret-of-thirty-two-characters".utf8)
private let token = TokenMaker(secret: secret).serverToken()

/// Times one microsecond apart.
private final class Times: TimeSource {
  private let last = Mutex<Int64>(1_795_000_000_000_000)
  func next(_ count: Int, app: AppID) async throws(StoreError) -> [ActivityTime] {
    last.withLock { last in
      (0..<count).map { _ in
        last += 1
        return ActivityTime(microseconds: last)
      }
    }
  }
}

/// The API over a store in memory, new for each input, so that a finding replays. `ranking` is the definition of its one
/// ranking method.
private func makeHandler(ranking: String) -> FeedAPIHandler {
  let group = FeedGroup(slug: "user", kind: .flat, rankings: ["r": ranking])
  let app = AppConfiguration(id: AppID(1), name: "fuzz", groups: [group])
  let key = APIKey(key: "key", app: app.id, secrets: [.init(bytes: secret)])
  let store = MemoryStore()
  let times = Times()
  let entities = Entities(store: store, times: times)
  let engine = FeedEngine(
    store: store, times: times, groups: FixedGroups([group]), timing: .live, logger: .silent, metrics: Metrics())
  return FeedAPIHandler(
    configuration: FixedConfiguration(ConfigurationSnapshot(revision: 1, apps: [app.id: app], keys: ["key": key])),
    feeds: engine, reactions: engine, entities: entities,
    enrichment: Enrichment(store: store, reactions: engine), moderation: ModerationLog(store: store),
    files: FileStore(
      uploads: Uploads(store: store), storage: FolderStorage(root: "objects"), signer: FileSigner(secrets: [secret])))
}

private func send(
  _ handler: FeedAPIHandler, _ method: HTTPMethod, _ path: String, _ query: String, _ body: [UInt8]
) async -> HTTPResponse {
  await handler.respond(
    to: HTTPRequest(
      method: method, path: "/api/v1.0/" + path, query: "api_key=key&" + query,
      headers: [.init("Authorization", token), .init("Stream-Auth-Type", "jwt")], body: body))
}

/// Every answer is a JSON object with the members that its kind has; none is a failure.
private func check(_ response: HTTPResponse) {
  precondition(response.status < 500, "answered \(response.status): \(String(decoding: response.body, as: UTF8.self))")
  if response.status == 304 { return }
  guard let body = try? JSONValue(parsing: response.body), body["duration"]?.string != nil else {
    preconditionFailure("the answer is no JSON object with a duration")
  }
  if response.status >= 400 {
    precondition(body["status_code"]?.integer == response.status && body["exception"]?.string?.isEmpty == false)
    precondition(body["code"]?.integer != nil && body["detail"]?.string?.isEmpty == false)
  }
}

private func run(_ input: [UInt8]) async {
  guard let choice = input.first else { return }
  let rest = input.dropFirst()
  let line = rest.prefix { $0 != UInt8(ascii: "\n") }
  let body = Array(rest.dropFirst(line.count + 1))
  let text = String(decoding: line, as: UTF8.self)
  let (method, path) = requests[Int(choice) % requests.count]
  // The body is also a ranking's expression, and the query a definition of one: both are what an operator may write.
  var definition = JSONWriter()
  definition.splice(#"{"score":"#)
  definition.string(String(decoding: body.prefix(2_048), as: UTF8.self))
  definition.splice(#","defaults":{"a":1,"external":{"b":2}}}"#)
  let ranking = choice >= 128 ? text : String(decoding: definition.bytes, as: UTF8.self)
  let handler = makeHandler(ranking: ranking)
  check(await send(handler, method, path, text, body))
  // Whatever it was, the feed can be read, by time and by score.
  check(await send(handler, .post, "feed/user/1/", "", Array(#"{"actor":"a","verb":"v","object":"o","n":1}"#.utf8)))
  let page = await send(handler, .get, "feed/user/1/", "", [])
  precondition(page.status == 200, "the feed cannot be read any more")
  check(page)
  check(await send(handler, .get, "feed/user/1/", "ranking=r&explain=1&with_score_vars=1", []))
}

/// No body and no query crashes the API, makes it fail, or leaves a feed that cannot be read.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzBody(_ start: UnsafePointer<UInt8>?, _ count: Int) -> Int32 {
  let input = Array(UnsafeBufferPointer(start: start, count: count))
  let done = DispatchSemaphore(value: 0)
  Task {
    await run(input)
    done.signal()
  }
  done.wait()
  return 0
}

/// The package manager links an executable's entry under this name, and libFuzzer's own `main` then stays out.
@_cdecl("FuzzBody_main")
public func main(
  _ count: Int32, _ words: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>
) -> Int32 { drive(count, words, fuzzBody) }
