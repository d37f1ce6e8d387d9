import EventLoop
import KeevoClient
import Synchronization

/// Asks the store whether what was read still stands. While one call of a loop is on its way, the loop's further questions gather,
/// and go together with the next: the more readers there are, the less each question costs.
final class QuestionQueue: Sendable {
  /// What the store said to one question.
  struct Said: Sendable {
    var isUnchanged: Bool
    var moments: [UInt64]
  }

  private enum Turn: Sendable {
    case said(Said)
    /// Ask, for these too.
    case leads([Ticket])
    /// Who asked for this one got no answer: ask alone.
    case alone
  }

  private struct Ticket: Sendable {
    var question: UnchangedRequest.Question
    var continuation: UnsafeContinuation<Turn, Never>
  }

  /// Questions that go together.
  static let togetherMax = 64

  private let store: any KeyValueStore
  /// By loop, what waits while a call is on its way; no entry: none is.
  private let lanes = Mutex<[ObjectIdentifier?: [Ticket]]>([:])

  init(store: any KeyValueStore) { self.store = store }

  /// Questions that wait for a call on its way.
  var waitingCount: Int { lanes.withLock { $0.values.reduce(0) { $0 + $1.count } } }

  func ask(_ question: UnchangedRequest.Question) async throws(StoreError) -> Said {
    let lane = EventLoop.current.map { ObjectIdentifier($0) }
    let turn: Turn = await withUnsafeContinuation { continuation in
      let leads = lanes.withLock { lanes in
        if lanes[lane] == nil {
          lanes[lane] = []
          return true
        }
        lanes[lane]?.append(Ticket(question: question, continuation: continuation))
        return false
      }
      if leads { continuation.resume(returning: .leads([])) }
    }
    switch turn {
    case .said(let said): return said
    case .leads(let others): return try await lead(question, others, lane)
    case .alone: return try Self.said(try await store.unchanged(UnchangedRequest(questions: [question])), 0)
    }
  }

  private func lead(
    _ own: UnchangedRequest.Question, _ others: [Ticket], _ lane: ObjectIdentifier?
  ) async throws(StoreError) -> Said {
    let outcome: Result<UnchangedResponse, StoreError>
    do throws(StoreError) {
      outcome = .success(try await store.unchanged(UnchangedRequest(questions: [own] + others.map(\.question))))
    } catch { outcome = .failure(error) }
    handOn(lane)
    for (number, ticket) in others.enumerated() {
      if case .success(let response) = outcome, number + 1 < response.unchanged.count {
        let said = Said(isUnchanged: response.unchanged[number + 1], moments: response.moments)
        ticket.continuation.resume(returning: .said(said))
      } else {
        ticket.continuation.resume(returning: .alone)
      }
    }
    return try Self.said(try outcome.get(), 0)
  }

  /// Lets the first who waits ask next, with as many others as go together.
  private func handOn(_ lane: ObjectIdentifier?) {
    let next = lanes.withLock { lanes -> [Ticket] in
      guard let waiting = lanes[lane], let first = waiting.first else {
        lanes[lane] = nil
        return []
      }
      var count = 1
      var places = first.question.places.count
      while count < waiting.count, count < Self.togetherMax {
        places += waiting[count].question.places.count
        if places > StoreLimits.unchangedPlacesMax { break }
        count += 1
      }
      lanes[lane] = Array(waiting.dropFirst(count))
      return Array(waiting.prefix(count))
    }
    next.first?.continuation.resume(returning: .leads(Array(next.dropFirst())))
  }

  private static func said(_ response: UnchangedResponse, _ number: Int) throws(StoreError) -> Said {
    guard number < response.unchanged.count else { throw .failed("the store left a question without an answer") }
    return Said(isUnchanged: response.unchanged[number], moments: response.moments)
  }
}
