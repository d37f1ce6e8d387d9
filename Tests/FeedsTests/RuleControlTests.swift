import Feeds
import KeevoClient
import Synchronization
import Telemetry
import Testing

/// Rules whose breach takes a rare order of events: the order as a story, with the rule and, as its control, without.
@Suite struct RuleControlTests {
  /// An engine on the world's store whose calls pass a gate.
  private func engine(
    _ world: World, _ faults: FeedEngine.Faults, gate: @escaping GatedStore.Gate
  ) -> FeedEngine {
    var options = FeedEngine.Options()
    options.faults = faults
    return World.engine(
      GatedStore(world.store, gate: gate), world.clock, SequenceTimeSource(), options, world.metrics)
  }

  /// An add is held up for days just before it writes its follower's entry. Meanwhile the follower leaves, and the last
  /// mark of that is collected: nothing is left by which a reader could tell that the entry is not wanted (B9).
  @Test(arguments: [(FeedEngine.Faults(), []), (.noFence, ["late<user:a"])])
  func anEntryThatComesAfterItsFenceIsRefused(_ faults: FeedEngine.Faults, _ shown: [String]) async throws {
    let world = World()
    try await world.follow("timeline:f", "user:a")
    let held = Mutex(false)
    let engine = engine(world, faults) { call throws(StoreError) in
      guard call == "putMany" else { return }
      let wasHeld = held.withLock { held in
        defer { held = true }
        return held
      }
      if wasHeld { return }
      do {
        try await world.unfollow("timeline:f", "user:a")
        for _ in 0..<3 {
          try await world.settle()
          world.clock.advance(2 * 86_400_000)
        }
        try await world.settle()
      } catch { throw .failed("\(error)") }
    }
    _ = try await engine.add([world.input("late")], to: world.feed("user:a"), app: world.app, traceID: [])
    try await world.settle()
    #expect(held.withLock { $0 })
    #expect(try await world.read("timeline:f") == shown)
    #expect(try await world.read("user:a") == ["late"])
  }

  /// The process dies after it has written an activity's own row; then somebody follows without a copy; then a worker does
  /// the job again. What arrived before the follow is not fanned out, so the arrival must be the first one (B10, B11).
  @Test(arguments: [(FeedEngine.Faults(), []), (.arrivalMoves, ["before<user:a"])])
  func anActivityKeepsItsArrivalWhenItsJobRunsAgain(_ faults: FeedEngine.Faults, _ shown: [String]) async throws {
    let world = World { $0.faults = faults }
    let isDead = Mutex(false)
    let engine = engine(world, faults) { _ throws(StoreError) in
      if !isDead.withLock({ $0 }) {
        let shows: Bool
        do { shows = try await !world.read("user:a").isEmpty } catch { throw .failed("\(error)") }
        isDead.withLock { $0 = shows }
      }
      if isDead.withLock({ $0 }) { throw .unavailable("the process is dead") }
    }
    _ = try await engine.add([world.input("before")], to: world.feed("user:a"), app: world.app, traceID: [])
    #expect(try await world.read("user:a") == ["before"])
    #expect(try await world.jobs().count == 1)
    try await world.follow("timeline:f", "user:a", copy: 0)
    try await world.settle()
    #expect(try await world.jobs().isEmpty)
    #expect(try await world.read("timeline:f") == shown)
    #expect(try await world.read("user:a") == ["before"])
  }

  /// While a follow copies an activity into an aggregated feed, the activity gets another actor: between the look at it and the
  /// write into the feed, where no change of actor finds it yet. Who wrote looks again (B15).
  @Test(arguments: [(FeedEngine.Faults(), [1]), (.noSecondLook, [1, 2])])
  func anActorThatChangesWhileItIsCopiedIsTakenOver(_ faults: FeedEngine.Faults, _ actors: [Int]) async throws {
    var seen: Set<Int> = []
    for moment in 1...10 {
      let world = World()
      try await world.add("x", to: "user:a", time: 1_000_000, actor: "alice")
      let writes = Mutex(0)
      let engine = engine(world, faults) { call throws(StoreError) in
        guard call == "write" else { return }
        let number = writes.withLock { count in
          count += 1
          return count
        }
        if number != moment { return }
        do { try await world.add("x", to: "user:a", time: 1_000_000, actor: "bob") } catch { throw .failed("\(error)") }
      }
      try await engine.follow(
        [FollowRequest(source: world.feed("notification:n"), target: world.feed("user:a"))], app: world.app, traceID: []
      )
      try await world.settle()
      if writes.withLock({ $0 }) < moment { break }
      try await world.add("y", to: "user:a", time: 2_000_000, actor: "bob")
      let group = try #require(try await world.groups("notification:n").groups.first)
      #expect(group.activityCount == 2)
      seen.insert(group.actorCount)
    }
    #expect(seen.sorted() == actors)
  }
}
