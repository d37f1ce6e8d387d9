import KeevoClient
import Model
import Synchronization
import Testing

@testable import Feeds

/// Changes that wait for one feed go together (B15).
@Suite struct AggregateQueueTests {
  private let key = AggregateQueue.Key(app: 1, feed: [65])

  private func ticket(_ count: Int) -> AggregateQueue.Ticket {
    let change = AggregateChange.forget(ActivityID(ticks: 1, low: 1), .init(via: 0, placement: .zero))
    return AggregateQueue.Ticket(changes: (0..<count).map { _ in AggregateWork(change: change) }) { _ in }
  }

  @Test func oneLeadsTheOthersWaitAndAreTakenTogether() {
    let queue = AggregateQueue()
    #expect(queue.join(key, ticket(1)) == .leads)
    for _ in 0..<3 { #expect(queue.join(key, ticket(2)) == .waits) }
    #expect(queue.join(.init(app: 2, feed: [65]), ticket(1)) == .leads, "another app's feed of that name is another")
    #expect(queue.next(key, changesMax: 5).count == 2)
    #expect(queue.next(key, changesMax: 1).count == 1, "one ticket at least")
    #expect(queue.next(key, changesMax: 5).isEmpty)
    #expect(queue.join(key, ticket(1)) == .leads, "the feed is free again")
  }

  @Test func whatWaitsForAFeedIsLimited() {
    let queue = AggregateQueue()
    #expect(queue.join(key, ticket(1)) == .leads)
    #expect(queue.join(key, ticket(AggregateQueue.waitingMax)) == .waits)
    #expect(queue.join(key, ticket(1)) == .full)
    #expect(queue.next(key, changesMax: 1).count == 1)
    #expect(queue.join(key, ticket(1)) == .waits)
  }

  @Test func addsSideBySideTakeFewWritesAndAreAllCounted() async throws {
    let world = World()
    let metrics = world.metrics
    let slow = World.engine(
      YieldingStore(store: world.store), world.clock, SequenceTimeSource(), FeedEngine.Options(), metrics)
    let feed = world.feed("notification:n")
    try await withThrowingTaskGroup(of: Void.self) { group in
      for index in 0..<200 {
        let input = world.input("p\(index)", time: Int64(1_000_000 + index), actor: "u\(index % 9)")
        group.addTask { _ = try await slow.add([input], to: feed, ChangeContext(app: AppID(1))) }
      }
      try await group.waitForAll()
    }
    let page = try await world.groups("notification:n")
    #expect(page.groups.map { "\($0.activityCount)/\($0.actorCount)" } == ["200/9"])
    #expect(page.groups[0].items.map(World.text) == (185..<200).reversed().map { "p\($0)" })
    #expect(slow.aggregateWrites.value < 100, "\(slow.aggregateWrites.value) writes for 200 adds")
  }

  /// Two processes do not know of each other: the condition on the feed's state makes them take turns.
  @Test func twoEnginesWriteOneFeed() async throws {
    let world = World()
    let engines = (0..<2).map { _ in
      World.engine(YieldingStore(store: world.store), world.clock, SequenceTimeSource(), .init(), world.metrics)
    }
    let feed = world.feed("notification:n")
    try await withThrowingTaskGroup(of: Void.self) { group in
      for index in 0..<60 {
        let input = world.input("p\(index)", time: Int64(1_000_000 + index), actor: "u\(index % 7)")
        let engine = engines[index % 2]
        group.addTask { _ = try await engine.add([input], to: feed, ChangeContext(app: AppID(1))) }
      }
      try await group.waitForAll()
    }
    try await world.settle()
    let page = try await world.groups("notification:n")
    #expect(page.groups.map { "\($0.activityCount)/\($0.actorCount)" } == ["60/7"])
  }
}

/// A store whose writes let others go first.
private struct YieldingStore: KeyValueStore {
  let store: any KeyValueStore

  func get(_ request: GetRequest) async throws(StoreError) -> GetResponse { try await store.get(request) }
  func multiGet(_ request: MultiGetRequest) async throws(StoreError) -> MultiGetResponse {
    try await store.multiGet(request)
  }
  func scan(_ request: ScanRequest) async throws(StoreError) -> ScanResponse { try await store.scan(request) }
  func scanJoin(_ request: ScanJoinRequest) async throws(StoreError) -> ScanJoinResponse {
    try await store.scanJoin(request)
  }
  func write(_ request: WriteRequest) async throws(StoreError) -> WriteResponse {
    for _ in 0..<20 { await Task.yield() }
    return try await store.write(request)
  }
  func putMany(_ request: PutManyRequest) async throws(StoreError) -> PutManyResponse {
    try await store.putMany(request)
  }
  func unchanged(_ request: UnchangedRequest) async throws(StoreError) -> UnchangedResponse {
    try await store.unchanged(request)
  }
  func watch(_ request: WatchRequest) async throws(StoreError) -> WatchStream { try await store.watch(request) }
  func topology() async throws(StoreError) -> Topology { try await store.topology() }
}
