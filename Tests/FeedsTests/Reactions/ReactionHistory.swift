import Feeds
import Jobs
import KeevoClient
import Model
import Synchronization
import Telemetry

/// Drives a random history of reactions over the in-memory store, one store call of one actor at a time, in a random order, as
/// `Interleaving` does for feeds: clients die or stall between two calls, workers take any job from anyone, the clock jumps past
/// fences and marks, stalled ones wake up late. All that is shown is compared with the model after each request.
final class ReactionHistory {
  private let clock = ManualClock()
  private let executor = StepExecutor()
  private let times = SequenceTimeSource()
  private let metrics = Metrics()
  private let store: MemoryStore
  private let options: FeedEngine.Options
  private let app = AppID(1)
  private let count: Int
  private var random: SeededGenerator
  private var model = ReactionModel()
  private var background: [StepActor] = []
  private(set) var log: [String] = []
  private(set) var failure: String?

  init(seed: UInt64, faults: FeedEngine.Faults) {
    random = SeededGenerator(seed: seed)
    count = 3 + random.below(4)
    var options = FeedEngine.Options()
    options.fenceMilliseconds = 200
    options.markMilliseconds = 2_000
    options.stepRowsMax = 2
    options.faults = faults
    self.options = options
    let clock = clock
    store = MemoryStore(options: MemoryStore.Options(clock: { clock.milliseconds }))
  }

  /// Runs the history; `false` when something was not as it must be: then `failure` says what, and `log` what led there.
  func run() -> Bool {
    for _ in 0..<(6 + random.below(10)) {
      var group = [ReactionOperation.random(count, &random)]
      let other = ReactionOperation.random(count, &random)
      if random.chance(0.3), areApart(group[0], other) { group.append(other) }
      guard drive(group), settle(), check("after \(group)") else { return false }
    }
    for actor in background { while !actor.isFinished, actor.step(&random) { executor.drain() } }
    clock.advance(10_000)
    guard settle(), check("at rest") else { return false }
    clock.advance(10_000)
    return settle() && check("after the collection of marks") && isClean()
  }

  /// Whether the order of the two cannot matter: neither is above the other.
  private func areApart(_ a: ReactionOperation, _ b: ReactionOperation) -> Bool {
    func touched(_ operation: ReactionOperation) -> Set<Int> {
      var out: Set<Int> = [operation.number]
      if case .add(_, let parent?, _, _, _) = operation { out.insert(parent) }
      for number in out {
        var above = model.nodes[number]?.parent
        while let next = above, out.insert(next).inserted { above = model.nodes[next]?.parent }
      }
      return out
    }
    let parents: (ReactionOperation) -> Int? = { if case .add(_, let parent, _, _, _) = $0 { parent } else { nil } }
    // Siblings may be added side by side; of others nothing may be above the other.
    if let one = parents(a), one == parents(b) { return a.number != b.number }
    return touched(a).isDisjoint(with: touched(b))
  }

  // MARK: Actors

  private struct Client {
    var operation: ReactionOperation
    var actor: StepActor
    var committed: Committing
    /// Whether it must succeed.
    var wanted: Bool
    var outcome: ResultBox<Bool>
  }

  /// Runs requests side by side, with workers and stalled ones between their steps.
  private func drive(_ group: [ReactionOperation]) -> Bool {
    var clients = group.map(start)
    for _ in 0..<20_000 {
      clock.advance(1)
      if random.chance(0.02) { clock.advance(random.pick([201, 2_001])) }
      for client in clients where client.actor.isFinished {
        log.append("answered: \(client.operation)")
        if client.outcome.take() != client.wanted {
          return fail("\(client.operation) was \(client.wanted ? "" : "not ")refused")
        }
      }
      clients.removeAll(where: \.actor.isFinished)
      if clients.isEmpty { return true }
      let draw = Double.random(in: 0..<1, using: &random)
      if draw < 0.5 || background.isEmpty {
        let index = random.below(clients.count)
        let client = clients[index]
        if random.chance(0.06), client.committed.fired {
          // What has taken effect is finished by workers, whether the client lives on or not.
          clients.remove(at: index)
          if random.chance(0.5) {
            log.append("stalls: \(client.operation)")
            background.append(client.actor)
          } else {
            log.append("dies: \(client.operation)")
            client.actor.crash()
            executor.drain()
          }
          continue
        }
        _ = client.actor.step(&random)
        executor.drain()
      } else if draw < 0.6, background.count < 6 {
        if let row = jobs().randomElement(using: &random) { startWorker(row) }
      } else {
        let actor = random.pick(background)
        if random.chance(0.05) { actor.crash() } else { _ = actor.step(&random) }
        executor.drain()
      }
      background.removeAll(where: \.isFinished)
    }
    return fail("no end of \(group)")
  }

  private func engine(
    _ actor: StepActor, _ observe: @escaping @Sendable (WriteRequest, WriteResponse) -> Void = { _, _ in }
  ) -> FeedEngine {
    let executor = executor
    let store = WatchedStore(GatedStore(store) { _ async throws(StoreError) in try await actor.gate() }, observe)
    return FeedEngine(
      store: store, times: times, groups: FixedGroups(FeedGroup.standard), options: options,
      timing: World.timing(clock),
      runtime: FeedRuntime(spawn: { work in executor.launch(work) }, sleep: { _ in await actor.pause() }),
      logger: .silent, metrics: metrics)
  }

  private func start(_ operation: ReactionOperation) -> Client {
    log.append("begins: \(operation)")
    let actor = StepActor("client")
    let committed = Committing(operation)
    let outcome = ResultBox<Bool>()
    let engine = engine(actor) { committed.observe($0, $1) }
    let app = app
    executor.launch {
      outcome.put(await Self.perform(operation, engine, app))
      actor.finish(failed: false)
    }
    executor.drain()
    return Client(
      operation: operation, actor: actor, committed: committed, wanted: operation.apply(to: &model), outcome: outcome)
  }

  static func id(_ number: Int) -> ActivityID { ActivityID(ticks: 1_000 + UInt64(number), low: 1 << 63, version: 4) }

  private static func perform(_ operation: ReactionOperation, _ engine: FeedEngine, _ app: AppID) async -> Bool {
    do {
      switch operation {
      case .add(let number, let parent, let kind, let user, let targets):
        _ = try await engine.addReaction(
          ReactionInput(
            kind: kind, parent: parent.map { .reaction(id($0)) } ?? .activity(World.activity), userID: user,
            id: id(number), targetFeeds: targets.compactMap { FeedID($0) }), ChangeContext(app: app))
      case .update(let number, let targets):
        _ = try await engine.updateReaction(
          id(number), ReactionChange(targetFeeds: targets.compactMap { FeedID($0) }), ChangeContext(app: app))
      case .delete(let number, let soft):
        try await engine.deleteReaction(id(number), soft: soft, ChangeContext(app: app))
      case .restore(let number): _ = try await engine.restoreReaction(id(number), ChangeContext(app: app))
      }
      return true
    } catch {
      return false
    }
  }

  private func jobs() -> [Row] {
    let rows = Self.wait(on: executor) { [store] in
      var rows: [Row] = []
      for shard in 0..<UInt32(8) {
        rows += (try? await store.scan(ScanRequest(scope: .shard(shard, .jobs), limit: 10_000)))?.rows ?? []
      }
      return rows
    }
    return rows.filter { $0.key.space == JobID.space }
  }

  private func startWorker(_ row: Row) {
    guard let partition = row.partition, let job = try? JobRecord(row.value),
      job.wakeAtMilliseconds <= clock.milliseconds
    else { return }
    let actor = StepActor("worker")
    log.append("a worker takes a \(job.kind.name) job")
    let engine = engine(actor)
    let gated = GatedStore(store) { _ async throws(StoreError) in try await actor.gate() }
    let (id, version, timing) = (JobID(partition: partition, rest: row.key.rest), row.version, World.timing(clock))
    background.append(actor)
    executor.launch {
      do {
        let lease = try await JobLease.take(id, record: job, version: version, holder: 77, store: gated, timing: timing)
        if let lease { try await engine.run(lease) }
      } catch {
        // Lost or crashed: the job's row is still there for the next.
      }
      actor.finish(failed: false)
    }
    executor.drain()
  }

  /// Runs jobs until none is due.
  private func settle() -> Bool {
    for _ in 0..<500 {
      let due = jobs().filter { ((try? JobRecord($0.value))?.wakeAtMilliseconds ?? 0) <= clock.milliseconds }
      guard let row = due.randomElement(using: &random) else { return true }
      let before = background.count
      startWorker(row)
      guard background.count > before, let worker = background.last else { continue }
      while !worker.isFinished, worker.step(&random) { executor.drain() }
      background.removeAll(where: \.isFinished)
    }
    return fail("the jobs do not come to rest")
  }

  // MARK: Checks

  private struct Shown: Sendable {
    var trees: [ReactionTree?]
    var children: [[ActivityID]]
    var lists: [String: [ActivityID]]
    var counts: String
    var feeds: [String: [String]]
  }

  private func check(_ when: String) -> Bool {
    guard let shown = read() else { return fail("\(when): something cannot be read") }
    func expect<Value: Equatable>(_ what: String, _ got: Value, _ wanted: Value) -> Bool {
      got == wanted || fail("\(when): \(what) is \(got), must be \(wanted)")
    }
    let top = ReactionModel.Place(parent: nil)
    guard expect("the counts", shown.counts, model.counts(top)) else { return false }
    for kind in ReactionOperation.kinds {
      let wanted = model.list(top).filter { model.nodes[$0]?.kind == kind }.map(Self.id)
      guard expect("the list of \(kind)", shown.lists[kind] ?? [], wanted) else { return false }
    }
    guard expect("the list", shown.lists[""] ?? [], model.list(top).map(Self.id)) else { return false }
    for user in ReactionOperation.users {
      let all = model.nodes.keys.filter { model.isLive($0) && model.nodes[$0]?.user == user }.sorted(by: >)
      guard expect("the list of \(user)", shown.lists[user] ?? [], all.map(Self.id)) else { return false }
    }
    for number in 0..<count {
      let chain = model.chain(number)
      let tree = shown.trees[number]
      guard expect("whether \(number) is there", tree != nil, chain != nil) else { return false }
      guard let tree, let life = chain?.first?.life else { continue }
      guard expect("whether \(number) is live", tree.reaction.deletedAt == nil, model.isLive(number)) else {
        return false
      }
      guard model.isLive(number) else { continue }
      let place = ReactionModel.Place(parent: number, life: life)
      let wanted = model.list(place).map(Self.id)
      guard expect("the children of \(number)", shown.children[number], wanted),
        expect(
          "what \(number) shows", Set(tree.latestChildren.flatMap(\.reactions).map(\.reaction.id)), Set(wanted)),
        expect(
          "the counts of \(number)", tree.childrenCounts.map { "\($0.kind):\($0.count)" }.joined(separator: " "),
          model.counts(place))
      else { return false }
    }
    for feed in ReactionOperation.feeds {
      let wanted = model.noticed(feed).map { "reaction:\(Self.id($0))" }.sorted()
      guard expect(feed, (shown.feeds[feed] ?? []).sorted(), wanted) else { return false }
    }
    return true
  }

  private func read() -> Shown? {
    var options = options
    options.garbagePerReadMax = 0
    let engine = FeedEngine(
      store: store, times: times, groups: FixedGroups(FeedGroup.standard), options: options,
      timing: World.timing(clock),
      runtime: FeedRuntime(spawn: { _ in }, sleep: { _ in }), logger: .silent, metrics: metrics)
    let (app, count) = (app, count)
    return Self.wait(on: executor) {
      do {
        func list(_ scope: ReactionListRequest.Scope, _ kind: String? = nil) async throws -> [ActivityID] {
          try await engine.listReactions(
            ReactionListRequest(scope: scope, kind: kind, limit: 100), ownChildren: nil, app: app
          ).reactions.map(\.reaction.id)
        }
        var shown = Shown(trees: [], children: [], lists: [:], counts: "", feeds: [:])
        shown.trees = try await engine.reactionTrees((0..<count).map(Self.id), ownChildren: nil, app: app)
        for number in 0..<count { shown.children.append(try await list(.reaction(Self.id(number)))) }
        for kind in ReactionOperation.kinds { shown.lists[kind] = try await list(.activity(World.activity), kind) }
        for user in ReactionOperation.users { shown.lists[user] = try await list(.user(user)) }
        shown.lists[""] = try await list(.activity(World.activity))
        shown.counts = try await engine.reactionCounts(of: [World.activity], app: app)[0]
          .map { "\($0.kind):\($0.count)" }.joined(separator: " ")
        for name in ReactionOperation.feeds {
          guard let feed = FeedID(name) else { return nil }
          let page = try await engine.readFlat(feed, app: app, page: PageRequest(limit: 100))
          shown.feeds[name] = page.items.map { World.member("foreign_id", $0.activity) }
        }
        return shown
      } catch {
        return nil
      }
    }
  }

  /// With every reaction deleted and its marks collected, only the counts of used kinds are left.
  private func isClean() -> Bool {
    for number in 0..<count where model.chain(number) != nil {
      if !drive([.delete(number, soft: false)]) { return false }
    }
    for actor in background { while !actor.isFinished, actor.step(&random) { executor.drain() } }
    // The jobs of those that died in the last requests, then what they leave for a day.
    if !settle() { return false }
    clock.advance(10_000)
    if !settle() || !check("when all are deleted") { return false }
    return store.rowCount <= ReactionOperation.kinds.count || fail("\(store.rowCount) rows are left of nothing")
  }

  /// Runs something that passes no gate.
  private static func wait<T: Sendable>(on executor: StepExecutor, _ body: @escaping @Sendable () async -> T) -> T {
    let box = ResultBox<T>()
    executor.launch { box.put(await body()) }
    executor.drain()
    guard let value = box.take() else { preconditionFailure("a call without gates did not end") }
    return value
  }

  private func fail(_ what: String) -> Bool {
    if failure == nil { failure = what }
    return false
  }
}

/// Sees by which write a request takes effect: an add by claiming its id, the others by their change of the record.
private final class Committing: Sendable {
  private let space: UInt8
  private let state = Mutex(false)

  init(_ operation: ReactionOperation) {
    if case .add = operation { space = UInt8(ascii: "l") } else { space = 0 }
  }

  var fired: Bool { state.withLock { $0 } }

  func observe(_ request: WriteRequest, _ response: WriteResponse) {
    for (batch, result) in zip(request.batches, response.results) where result.applied {
      let isOne = batch.operations.contains { operation in
        guard case .put(let key, _, _, let stamps) = operation else { return false }
        return space == 0
          ? [UInt8(ascii: "b"), UInt8(ascii: "d"), UInt8(ascii: "g")].contains(key.space)
          : key.space == space && !stamps.isEmpty
      }
      if isOne { state.withLock { $0 = true } }
    }
  }
}
