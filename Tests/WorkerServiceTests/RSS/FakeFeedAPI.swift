import JSON
import Model
import Synchronization

@testable import HTTP
@testable import WorkerService

/// A feeds API in memory, as far as an import uses it: adds by (foreign id, time), pages by id, follows.
final class FakeFeedAPI: HTTPCalls, Sendable {
  struct Stored {
    var id: String
    var members: [JSONValue.Member]
  }

  struct State {
    var feeds: [String: [Stored]] = [:]
    var follows: [String] = []
    var batches: [Int] = []
    var authorizations: [String] = []
    var urls: [String] = []
    /// Answered to every write, when set.
    var refusal: (status: Int, body: String)?
  }

  let state = Mutex(State())

  func send(_ request: HTTPClient.Request) async throws(HTTPClient.Failure) -> HTTPClient.Response {
    state.withLock { state in
      state.urls.append(request.url)
      state.authorizations.append(request.headers.first { $0.name == "Authorization" }?.value ?? "")
      let (path, query) = Self.split(request.url)
      let parts = path.split(separator: "/").map(String.init)
      guard parts.count >= 5, parts[0] == "api", parts[2] == "feed" else { return Self.answer(404, "{}", request) }
      let feed = "\(parts[3]):\(parts[4])"
      if request.method == .get { return Self.answer(200, Self.page(state.feeds[feed] ?? [], query), request) }
      if let refusal = state.refusal { return Self.answer(refusal.status, refusal.body, request) }
      let body = (try? JSONValue(parsing: request.body)) ?? .null
      if parts.last == "following" {
        state.follows.append("\(feed) \(body["target"]?.string ?? "")")
      } else {
        let activities = body["activities"]?.array ?? []
        state.batches.append(activities.count)
        for activity in activities { Self.add(activity, to: &state.feeds[feed, default: []]) }
      }
      return Self.answer(201, #"{"duration":"1ms"}"#, request)
    }
  }

  /// The foreign ids and times of a feed, newest first.
  func entries(_ feed: String) -> [(foreignID: String, time: String)] {
    state.withLock { state in
      (state.feeds[feed] ?? []).map { stored in
        let object = JSONValue.object(stored.members)
        return (object["foreign_id"]?.string ?? "", object["time"]?.string ?? "")
      }
    }
  }

  private static func add(_ activity: JSONValue, to feed: inout [Stored]) {
    let time = activity["time"]?.string ?? ""
    // Sorts as the server's ids do: by time, then by what the foreign id makes.
    let id = "\(time)-\(activity["foreign_id"]?.string ?? "")"
    feed.removeAll { $0.id == id }
    feed.append(Stored(id: id, members: (activity.members ?? []) + [.init("id", .string(id))]))
    feed.sort { $0.id > $1.id }
  }

  private static func page(_ feed: [Stored], _ query: [String: String]) -> String {
    let bound = query["id_lt"]
    let limit = Int(query["limit"] ?? "") ?? 25
    let page = feed.filter { stored in bound.map { stored.id < $0 } ?? true }.prefix(limit)
    return JSONValue.object([
      .init("results", .array(page.map { .object($0.members) })), .init("next", .string("")),
      .init("duration", .string("1ms")),
    ]).description
  }

  private static func split(_ url: String) -> (path: String, query: [String: String]) {
    let parts = url.split(separator: "?", maxSplits: 1)
    let path = parts[0].split(separator: "/").dropFirst(2).joined(separator: "/")
    var query: [String: String] = [:]
    for pair in (parts.count == 2 ? parts[1] : "").split(separator: "&") {
      let sides = pair.split(separator: "=", maxSplits: 1)
      query[String(sides[0])] = sides.count == 2 ? PercentEncoding.decode(Array(sides[1].utf8)) : ""
    }
    return (path, query)
  }

  private static func answer(_ status: Int, _ body: String, _ request: HTTPClient.Request) -> HTTPClient.Response {
    HTTPClient.Response(status: status, headers: [], body: Array(body.utf8), url: request.url)
  }
}
