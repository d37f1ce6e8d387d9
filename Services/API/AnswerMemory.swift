import Auth
import EventLoop
import Jobs
import KeevoClient
import Model
import Synchronization

/// Answers to reads as they were given last, each with the places in the store that it was made of (B4). At each read the store is
/// asked whether anything there has changed since: an answer from here is as fresh as any, and costs one small call.
final class AnswerMemory: Sendable {
  static let bytesMaxDefault = 64 << 20
  /// An answer is made anew after that time at the latest, so that what a read does beside answering is done: that a feed is read
  /// is noted once a day (B12).
  private static let ageNanoseconds: UInt64 = 600_000_000_000
  /// Moments of the store that are no older serve for what is made now: the older, the more is taken for changed.
  private static let momentNanoseconds: UInt64 = 1_000_000_000
  /// Requests whose names and values have more bytes are not kept.
  private static let keyBytesMax = 8_192
  /// What an answer costs beside its bytes.
  private static let overheadBytes = 400

  private struct Kept: Sendable {
    var answer: APIAnswer
    var places: [UInt32]
    var since: [UInt64]
    var madeAtNanoseconds: UInt64
  }

  private struct Moments: Sendable {
    var shards: [UInt64] = []
    var atNanoseconds: UInt64 = 0
  }

  enum Found: Sendable {
    case stands(APIAnswer)
    /// It must be made, of reads from now on; it may be kept as made at these moments.
    case missing(since: [UInt64])
  }

  private let questions: QuestionQueue
  private let answers: Mutex<GenerationCache<Kept>>
  private let moments = Mutex(Moments())

  /// `store`: asked whether answers stand. `bytesMax`: of all answers; 0 keeps none.
  init(store: any KeyValueStore, bytesMax: Int) {
    questions = QuestionQueue(store: store)
    answers = Mutex(GenerationCache(bytesMax: bytesMax))
  }

  func find(_ key: ByteKey) async throws(StoreError) -> Found {
    // The garbage is let go outside the lock.
    let kept = answers.withLock { $0.value(key) }.value
    let now = monotonicNanoseconds()
    guard let kept, now &- kept.madeAtNanoseconds < Self.ageNanoseconds else {
      let known = moments.withLock { $0 }
      if !known.shards.isEmpty, now &- known.atNanoseconds < Self.momentNanoseconds {
        return .missing(since: known.shards)
      }
      return .missing(since: try await ask([], []).moments)
    }
    let said = try await ask(kept.places, kept.since)
    return said.isUnchanged ? .stands(kept.answer) : .missing(since: said.moments)
  }

  private func ask(_ places: [UInt32], _ since: [UInt64]) async throws(StoreError) -> QuestionQueue.Said {
    let now = monotonicNanoseconds()
    let said = try await questions.ask(.init(places: places, since: since))
    moments.withLock { if $0.atNanoseconds < now { $0 = Moments(shards: said.moments, atNanoseconds: now) } }
    return said
  }

  /// Keeps an answer that was made of reads of these places, none of them before `since`.
  func keep(_ key: ByteKey, _ answer: APIAnswer, places: [UInt32], since: [UInt64]) {
    let kept = Kept(answer: answer, places: places, since: since, madeAtNanoseconds: monotonicNanoseconds())
    let bytes = answer.bytes + key.bytes.count + 4 * places.count + Self.overheadBytes
    _ = answers.withLock { $0.keep(key, kept, bytes: bytes) }
  }

  /// All that an answer depends on beside the store: who asks what, under which configuration. `nil`: it will not be asked again
  /// in the same words.
  static func key(_ context: RequestContext) -> ByteKey? {
    let request = context.request
    let token = request.header("Authorization") ?? ""
    if HTTPSignature.isOne(token) { return nil }
    var writer = ByteWriter()
    writer.integer(context.edition)
    writer.integer(context.app.id.rawValue)
    for text in [token, request.path, request.query, request.header("Accept") ?? "", context.origin] {
      writer.long(text.utf8)
    }
    return writer.bytes.count <= keyBytesMax ? ByteKey(writer.bytes) : nil
  }
}

extension APIAnswer {
  fileprivate var bytes: Int {
    switch body {
    case .open(let bytes), .document(let bytes, _): bytes.count
    case .none: 0
    }
  }
}
