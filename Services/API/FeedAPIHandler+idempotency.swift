import Auth
import Feeds
import JSON
import KeevoClient
import Model

extension FeedAPIHandler {
  /// Answers a request; one with an `Idempotency-Key` has its effect once, and its first answer again (feeds C12c).
  func answerOnce(_ context: RequestContext, _ route: Route) async throws(APIError) -> APIAnswer {
    guard route.writes, let idempotency, let key = context.request.header("Idempotency-Key") else {
      return try await answer(context, route)
    }
    guard (1...IdempotencyKeys.keyCharactersMax).contains(key.unicodeScalars.count) else {
      throw .input("Idempotency-Key must have 1 to \(IdempotencyKeys.keyCharactersMax) characters")
    }
    let sent = context.request
    let content = try await aside(bytes: sent.body.count) {
      SHA256Digest.of(Array("\(sent.method) \(sent.path)?\(sent.query)\n".utf8) + sent.body)
    }
    let request = IdempotencyKeys.Request(
      app: context.app.id, name: SHA256Digest.of(Array("\(who(context.identity))\n\(key)".utf8)), content: content)
    let outcome: IdempotencyKeys.Outcome
    do throws(StoreError) {
      outcome = try await idempotency.begin(request, times: timesCount(context, route))
    } catch { throw failed(.store(error), context) }
    switch outcome {
    case .conflict: throw .idempotencyConflict
    case .answered(let status, let body): return APIAnswer(status: status, open: body)
    case .run(let note): return try await run(context, route, note, idempotency)
    }
  }

  private func run(
    _ context: RequestContext, _ route: Route, _ note: IdempotencyKeys.Note, _ keys: IdempotencyKeys
  ) async throws(APIError) -> APIAnswer {
    var context = context
    context.times = note.record.times
    context.isRetry = note.isRetry
    do {
      let answer = try await answer(context, route)
      if case .open(let body) = answer.body {
        await keep(context) { () throws(StoreError) in try await keys.finish(note, status: answer.status, body: body) }
      }
      return answer
    } catch {
      // A refusal is given anew each time; after a failure the effect is not known, so the note stays for the retry.
      if error.status < 500 { await keep(context) { () throws(StoreError) in try await keys.forget(note) } }
      throw error
    }
  }

  /// The request itself is done: what cannot be kept of its answer is logged, and a retry runs again with the same times.
  private func keep(_ context: RequestContext, _ write: () async throws(StoreError) -> Void) async {
    do throws(StoreError) { try await write() } catch {
      logger.warning(
        "an idempotency key's record was not kept", [("app", "\(context.app.id)"), ("reason", "\(error)")])
    }
  }

  /// Keys of different callers are different keys.
  private func who(_ identity: Identity) -> String {
    switch identity {
    case .user(let user): "user \(user)"
    case .server(_, let user): "server \(user ?? "")"
    case .anonymous: "anonymous"
    }
  }

  /// How many times the request may need: activities, users, objects and reactions get them now.
  private func timesCount(_ context: RequestContext, _ route: Route) -> Int {
    switch route.kind {
    case .writeUsers, .writeCollections, .writeReactions, .writeFiles, .addToMany: return 1
    case .addActivities: break
    default: return 0
    }
    guard let document = try? context.document() else { return 0 }
    return min(document.root["activities"]?.count ?? 1, limits.activitiesPerAddMax)
  }
}
