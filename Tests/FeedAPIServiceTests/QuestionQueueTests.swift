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

    /// Asks `count` questions while the first call is held; every second one about what has changed. Gives what was said to each;
    /// `nil` where it failed.
    func ask(_ count: Int) async throws -> [Bool?] {
      let changed = Partition(app: 1, "a")
      _ = try await store.write(
        WriteRequest(batches: [
          SubBatch(partition: changed, operations: [.put(RowKey(space: 65, rest: []), value: [1])])
        ]))
      let queue = queue
      let places = [changed.place, Partition(app: 2, "a").place]
      let since = [UInt64](repeating: 0, count: 8)
      func start(_ number: Int) -> Task<Bool, any Error> {
        let question = UnchangedRequest.Question(places: [places[number % 2]], since: since)
        return Task { try await queue.ask(question).isUnchanged }
      }
      let first = start(1)
      while calls.value == 0 { await Task.yield() }
      let others = (0..<count).map(start)
      while queue.waitingCount < count { await Task.yield() }
      open.finish()
      let firstStands = try await first.value
      #expect(firstStands)
      var said: [Bool?] = []
      for other in others {
        switch await other.result {
        case .success(let answer): said.append(answer)
        case .failure: said.append(nil)
        }
      }
      return said
    }
  }

  @Test func whatGathersGoesWithOneCall() async throws {
    let held = Held()
    let answers = try await held.ask(10)
    #expect(answers == (0..<10).map { $0 % 2 == 1 })
    #expect(held.calls.value == 2)
    #expect(held.queue.waitingCount == 0)
  }

  @Test func soManyGoTogether() async throws {
    let held = Held()
    let count = 2 * QuestionQueue.togetherMax + 1
    let answers = try await held.ask(count)
    #expect(answers.count == count)
    #expect(held.calls.value == 4)
  }

  /// The others do not suffer with the one who asked for them.
  @Test func whoseCallFailedAsksAlone() async throws {
    let held = Held(failing: 2)
    let answers = try await held.ask(6)
    #expect(answers.count == 6 && answers.count { $0 == nil } == 1)
    #expect(held.calls.value == 2 + 5)
  }
}
