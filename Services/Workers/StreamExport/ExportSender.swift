import HTTP
import JSON
import Model

/// Sends the items of an export, in as few requests as the API's limits allow.
struct ExportSender: Sendable {
  /// Why no more can be sent now; what was sent stays.
  struct Stop: Error, Equatable, Sendable, CustomStringConvertible {
    var description: String
  }

  /// Items of one request (feeds L7, L10, L11), and about how many bytes (L21).
  static let activitiesMax = FeedAPI.batchMax
  static let followsMax = 2_500
  static let usersMax = 500
  static let bytesMax = 1 << 20
  /// Attempts of a request that the server could not answer, with pauses that double.
  static let triesMax = 7
  static let pauseNanoseconds: UInt64 = 250_000_000

  let api: FeedAPI
  /// The ids that activities have here, by those they had.
  let ids: [ActivityID: ActivityID]
  let sleep: @Sendable (_ nanoseconds: UInt64) async -> Void

  /// Sends the items of one line, in order; gives those that were refused, by position, with the API's words.
  func send(_ items: [ExportItem]) async throws(Stop) -> [(index: Int, reason: String)] {
    var refused: [(index: Int, reason: String)] = []
    var start = 0
    while start < items.count {
      let end = Self.chunk(items, from: start)
      if let reason = try await refusal(of: Array(items[start..<end])) {
        if end - start == 1 {
          refused.append((start, reason))
        } else {
          // One of them is wrong: the others are not to suffer.
          for index in start..<end {
            if let reason = try await refusal(of: [items[index]]) { refused.append((index, reason)) }
          }
        }
      }
      start = end
    }
    return refused
  }

  /// Where the request that begins with that item ends.
  static func chunk(_ items: [ExportItem], from start: Int) -> Int {
    var bytes = 0
    var end = start
    let most =
      switch items[start].kind {
      case .activities: activitiesMax
      case .follows: followsMax
      case .users: usersMax
      case .objects, .reactions: 1
      }
    while end < items.count, end - start < most, end == start || bytes < bytesMax {
      switch items[end] {
      case .activity(let json, _, _, _): bytes += json.count
      case .user(_, let data): bytes += data.count
      case .follow, .object, .reaction: break
      }
      end += 1
    }
    return end
  }

  /// One request for items of one kind and feed; `nil` when all was done, else why not.
  private func refusal(of items: [ExportItem]) async throws(Stop) -> String? {
    var list = JSONWriter()
    for (index, item) in items.enumerated() {
      if index > 0 { list.splice(",") }
      write(item, to: &list)
    }
    guard let first = items.first else { return nil }
    switch first {
    case .activity(_, let feed, _, _):
      return try await post("feed/\(feed.group)/\(feed.id)/", #"{"activities":["#, list, "]}")
    case .follow: return try await post("follow_many/", "[", list, "]")
    case .user: return try await post("users/", #"{"override":true,"users":["#, list, "]}")
    case .object(let collection, let id, let data, _):
      let answer = try await request(.post, "collections/\(collection)/", list.bytes)
      if answer.status == 409 {
        var body = JSONWriter()
        body.splice(#"{"data":"#)
        body.splice(data)
        body.splice("}")
        let again = try await request(.put, "collections/\(collection)/\(id)/", body.bytes)
        return again.isSuccess ? nil : again.refusal
      }
      return answer.isSuccess ? nil : answer.refusal
    case .reaction:
      let answer = try await request(.post, "reaction/", list.bytes)
      // It came in an earlier run.
      return answer.isSuccess || answer.status == 409 ? nil : answer.refusal
    }
  }

  private func post(
    _ path: String, _ opening: StaticString, _ list: JSONWriter, _ closing: StaticString
  ) async throws(Stop) -> String? {
    var body = JSONWriter(reserving: list.bytes.count + 64)
    body.splice(opening)
    body.splice(list.bytes)
    body.splice(closing)
    let answer = try await request(.post, path, body.bytes)
    return answer.isSuccess ? nil : answer.refusal
  }

  // MARK: Bodies

  private func write(_ item: ExportItem, to writer: inout JSONWriter) {
    switch item {
    case .activity(let json, _, _, _): writer.splice(renamed(json))
    case .follow(let source, let target, let limit):
      writer.splice(#"{"source":"#)
      writer.string(source.description)
      writer.splice(#","target":"#)
      writer.string(target.description)
      if let limit {
        writer.splice(#","activity_copy_limit":"#)
        writer.integer(limit)
      }
      writer.splice("}")
    case .user(let id, let data):
      writer.splice(#"{"id":"#)
      writer.string(id)
      writer.splice(#","data":"#)
      writer.splice(data)
      writer.splice("}")
    case .object(_, let id, let data, let user):
      writer.splice(#"{"id":"#)
      writer.string(id)
      writer.splice(#","data":"#)
      writer.splice(data)
      if let user {
        writer.splice(#","user_id":"#)
        writer.string(user)
      }
      writer.splice("}")
    case .reaction(let reaction): write(reaction, to: &writer)
    }
  }

  private func write(_ reaction: ExportReaction, to writer: inout JSONWriter) {
    writer.splice(#"{"id":"#)
    writer.string(reaction.id.description)
    writer.splice(#","kind":"#)
    writer.string(reaction.kind)
    if let activity = reaction.activity {
      writer.splice(#","activity_id":"#)
      writer.string((ids[activity] ?? activity).description)
    }
    if let parent = reaction.parent {
      writer.splice(#","parent":"#)
      writer.string(parent)
    }
    writer.splice(#","user_id":"#)
    writer.string(reaction.user)
    for member in reaction.others {
      writer.splice(",")
      writer.string(member.name)
      writer.splice(":")
      writer.splice(member.json)
    }
    writer.splice("}")
  }

  /// An activity whose members that name others (`SA:<former id>`) name them by the id they have here.
  private func renamed(_ json: [UInt8]) -> [UInt8] {
    guard !ids.isEmpty, let document = try? JSONDocument(json) else { return json }
    var out: [UInt8] = []
    var position = 0
    for (_, value) in document.root.members {
      guard let text = value.string, text.hasPrefix("SA:"), let former = ActivityID(text.dropFirst(3)),
        let id = ids[former]
      else { continue }
      out += json[position..<value.range.lowerBound]
      out.appendJSONString("SA:\(id)")
      position = value.range.upperBound
    }
    return out + json[position...]
  }

  // MARK: Requests

  /// Repeats what the server could not answer; a refusal of the token ends the import.
  private func request(_ method: HTTPMethod, _ path: String, _ body: [UInt8]) async throws(Stop) -> FeedAPI.Answer {
    var pause = Self.pauseNanoseconds
    var reason = ""
    for attempt in 1...Self.triesMax {
      let answer: FeedAPI.Answer?
      do throws(HTTPClient.Failure) { answer = try await api.call(method, path, body: body) } catch {
        answer = nil
        reason = error.description
      }
      if let answer {
        if answer.status == 401 || answer.status == 403 { throw Stop(description: answer.refusal) }
        if answer.status < 500 && answer.status != 429 || answer.status == 501 { return answer }
        reason = answer.refusal
      }
      if attempt < Self.triesMax {
        await sleep(pause)
        pause *= 2
      }
    }
    throw Stop(description: "\(method) \(path): \(reason)")
  }
}
