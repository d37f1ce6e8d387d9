import KeevoClient
import Synchronization
import Testing

@testable import FeedAPIService

/// Questions to the store that go together.
@Suite(.timeLimit(.minutes(1))) struct QuestionQueueTests {
  /// A store whose first call waits until `open` is finished, and whose calls are counted.
  private struct Held {
    let store = MemoryStore()
    let calls = Counter()
    let open: AsyncStream<Void>.Continuation
    let queue: QuestionQueue

    final class Counter: Sendable {
      private let count = Mutex(0)
      var value: Int { count.withLock { $0 } }
      func next() -> Int {
        count.withLock {
          $0 += 1
          return $0
        }
      }
    }

    init(failing: Int? = nil) {
      let (opened, open) = AsyncStream<Void>.makeStream()
      self.open = open
      queue = QuestionQueue(
        store: GatedStore(store) { [calls] _ async throws(StoreError) in
          let number = calls.next()
          if number == 1 { for await _ in opened {} }
          if number == failing { throw .unavailable("away") }
        })
    }

    /// Asks `count` questions while the first call is held; every second one about what has changed.
    func ask(_ count: Int) async throws -> [Result<Bool, any Error>] {
      let changed = Partition(app: 1, "a")
      _ = try await store.write(
        WriteRequest(batches: [
          SubBatch(partition: changed, operations: [.put(RowKey(space: 65, rest: []), value: [1])])
        ]))
      let since = [UInt64](repeating: 0, count: 8)
      let queue = queue
      func question(_ number: Int) -> UnchangedRequest.Question {
        .init(places: [number % 2 == 0 ? changed.place : Partition(app: 2, "a").place], since: since)
      }
      let own = question(1)
      let first = Task { try await queue.ask(own) }
      while calls.value == 0 { await Task.yield() }
      return try await withThrowingTaskGroup(of: (Int, Result<Bool, any Error>).self) { group in
        for number in 0..<count {
          let own = question(number)
          group.addTask {
            do { return (number, .success(try await queue.ask(own).isUnchanged)) } catch {
              return (number, .failure(error))
            }
          }
        }
        while queue.waitingCount < count { await Task.yield() }
        open.finish()
        let firstStands = try await first.value.isUnchanged
        #expect(firstStands)
        var answers: [Int: Result<Bool, any Error>] = [:]
        for try await (number, answer) in group { answers[number] = answer }
        return (0..<count).compactMap { answers[$0] }
      }
    }
  }

  @Test func whatGathersGoesWithOneCall() async throws {
    let held = Held()
    let answers = try await held.ask(10)
    #expect(try answers.map { try $0.get() } == (0..<10).map { $0 % 2 == 1 })
    #expect(held.calls.value == 2)
    #expect(held.queue.waitingCount == 0)
  }

  @Test func soManyGoTogether() async throws {
    let held = Held()
    #expect(try await held.ask(2 * QuestionQueue.togetherMax + 1).count == 2 * QuestionQueue.togetherMax + 1)
    #expect(held.calls.value == 4)
  }

  /// The others do not suffer with the one who asked for them.
  @Test func whoseCallFailedAsksAlone() async throws {
    let held = Held(failing: 2)
    let answers = try await held.ask(6)
    #expect(answers.count { if case .failure = $0 { true } else { false } } == 1)
    #expect(held.calls.value == 2 + 5)
  }
}
