import Feeds
import Jobs
import KeevoClient
import Model
import Synchronization
import Telemetry

/// Drives a random history of requests over the in-memory store, one store call of one actor at a time, in a random order:
/// clients whose process dies or stalls between two calls, workers that take any job from anyone, stalled ones that wake up
/// late. Feeds are compared with the reference after each answered request that nothing in doubt touches, whenever
/// all has settled, and at the end, when the marks of ended edges have been collected too.
///
/// Transcribed from the randomized model of the design (flat.py): same driver, over the real engine.
final class Interleaving {
  let clock = ManualClock()
  let executor = StepExecutor()
  let times = SequenceTimeSource()
  let metrics = Metrics()
  let store: MemoryStore
  let options: FeedEngine.Options
  let app = AppID(1)
  static let notification = FeedGroup(
    slug: "notification", kind: .notification, aggregationFormat: "{{ foreign_id.replace('a', '')|int % 2 }}")
  let style: FeedOperation.Style
  let groups: FixedGroups
  var random: SeededGenerator
  let feeds: [String]
  let activities: Int
  let operations: [FeedOperation]
  /// Visible after the answer, or only once all has settled: then fewer followers are visible than there are.
  let lagging: Bool
  var reference = ReferenceModel()
  var committed: Set<Int> = []
  var background: [StepActor] = []
  private(set) var log: [String] = []
  var failure: String?
  /// What requests in doubt make undecidable: a feed, or an activity in it.
  var doubtful: Set<Doubt> = []
  /// Activities whose content they make undecidable.
  var doubtfulContent: Set<Int> = []
  /// Entries that the audit log must have.
  let audited = AuditCount()

  struct Doubt: Hashable {
    var feed: String
    var activity: Int?
  }

  let crashes: Double
  let crashAtStep: Double
  let share: Double
  let jump: Double
  static let fence: UInt64 = 200
  static let mark: UInt64 = 2_000

  init(seed: UInt64, style: FeedOperation.Style, faults: FeedEngine.Faults) {
    var random = SeededGenerator(seed: seed)
    self.style = style
    let size = style == .mixed || style == .switched ? random.below(3) : 0
    let counts: (operations: Int, activities: Int, feeds: Int) =
      switch style {
      case .mixed, .switched: ([4, 7, 10][size], size + 1, size + 2)
      case .fan: (12, 6, 5)
      case .buckets: (8 + random.below(8), 4, 5)
      case .changes: (6 + random.below(7), 1 + random.below(2), 3 + random.below(2))
      case .relation: (4 + random.below(7), 1 + random.below(2), 2)
      case .grouped: (4 + random.below(8), 3, 1 + random.below(2))
      case .pulled: (5 + random.below(8), 1 + random.below(3), 2 + random.below(2))
      }
    let activities = counts.activities
    var feeds = (0..<counts.feeds).map { "flat:f\($0)" }
    if style == .grouped { feeds += (0...random.below(2)).map { "notification:n\($0)" } }
    self.activities = activities
    self.feeds = feeds
    crashes = style == .mixed || style == .switched ? random.pick([0.2, 0.5, 0.9]) : 0.7
    crashAtStep = style == .mixed || style == .switched ? random.pick([0.05, 0.12]) : 0.15
    share = random.pick([0.25, 0.55])
    jump = random.pick([0, 0.01, 0.03])
    lagging = random.chance(style == .fan || style == .buckets ? 0.6 : 0.25)
    operations = (0..<counts.operations).map { _ in
      FeedOperation.random(feeds: feeds, activities: activities, style: style, &random)
    }
    var options = FeedEngine.Options()
    options.fenceMilliseconds = Self.fence
    options.markMilliseconds = Self.mark
    options.fanOutPageMax = 2
    options.stepRowsMax = 2
    options.joinRowsMax = 8
    if style == .changes {
      options.headerPlacementsMax = random.pick([1, 2, 256])
      options.jobPlacementsMax = random.pick([1, 2, 1_000])
    }
    options.idleMilliseconds = 0
    var pullAbove = 5_000
    if style.switches {
      pullAbove = random.pick([0, 1, 1, 5_000, 5_000])
      options.pullEdgesMax = random.pick([1, 256])
      options.pullSkipMax = random.pick([0, 1, 1_000])
      options.pullArrivalsMax = random.pick([1, 10_000])
      options.pullBackdatedMilliseconds = random.pick([0, .max])
      options.idleMilliseconds = random.pick([0, 300])
      options.lastReadMilliseconds = 100
      options.readerListParts = 2
    }
    if style == .buckets {
      options.bucketFollowersMax = random.pick([1, 2])
      pullAbove = random.pick([2, 5_000, 5_000])
    }
    groups = FixedGroups([FeedGroup(slug: "flat", kind: .flat, pullAbove: pullAbove), Self.notification])
    options.visibleFeedsMax = lagging ? 1 : 1_000
    options.faults = faults
    self.options = options
    let clock = clock
    var storeOptions = MemoryStore.Options(clock: { clock.milliseconds })
    storeOptions.remoteShards = random.chance(0.5) ? Set(0..<8) : []
    store = MemoryStore(options: storeOptions)
    self.random = random
  }

  /// Runs the history; `false` when a feed was not as it must be: then `failure` says how, and `log` what led there.
  func run() -> Bool {
    var unanswered: [FeedOperation] = []
    var next = 0
    while next < operations.count {
      // Two that commute run side by side: whichever comes first, the reference is the same.
      let together =
        next + 1 < operations.count && random.chance(0.4) && operations[next].commutes(with: operations[next + 1])
      let group = Array(next..<(next + (together ? 2 : 1)))
      next += group.count
      for number in group { for other in unanswered { mark(other, operations[number]) } }
      guard let open = drive(group) else { return false }
      unanswered += open.map { operations[$0] }
      if unanswered.isEmpty, !lagging, !check("after \(operations[group[0]])") { return false }
      if !unanswered.isEmpty || lagging, random.chance(0.5) {
        if !settle(everything: false) || !check("settled after \(operations[group[0]])") { return false }
        unanswered = []
      }
    }
    if !settle(everything: true) || !check("at rest") || !checkAudit() || !checkFollowers("at rest") { return false }
    for _ in 0..<3 {
      clock.advance(3 * Self.mark)
      if !settle(everything: true) { return false }
    }
    return check("after the collection of marks") && checkFollowers("after the collection of marks")
  }

  /// Runs requests side by side, with workers and stalled ones between their steps. Gives those that were never answered; `nil`
  /// when they do not come to an end.
  private func drive(_ group: [Int]) -> [Int]? {
    var clients = group.map { (number: $0, actor: start(operations[$0], $0)) }
    var unanswered: [Int] = []
    var retried: Set<Int> = []
    let mayCrash = random.chance(crashes)
    for _ in 0..<20_000 {
      tick()
      for (number, actor) in clients where actor.isFinished {
        if actor.hasFailed {
          _ = fail("an error nobody caused: \(operations[number])")
          return nil
        }
        commit(number, "at the answer")
        log.append("answered: \(operations[number])")
      }
      clients.removeAll(where: \.actor.isFinished)
      if clients.isEmpty { return unanswered }
      let draw = Double.random(in: 0..<1, using: &random)
      if draw < share || (background.isEmpty && jobs().isEmpty) {
        let index = random.below(clients.count)
        let (number, actor) = clients[index]
        if mayCrash, random.chance(crashAtStep) {
          if group.count > 1 || retried.contains(number) || random.chance(0.4) {
            // The client asks again until it is answered; whoever began so never stalls, lest it take effect twice.
            retried.insert(number)
            log.append("crashes, is asked again: \(actor.name)")
            actor.crash()
            executor.drain()
            clients[index].actor = start(operations[number], number)
          } else {
            crash(actor)
            unanswered.append(number)
            clients.remove(at: index)
          }
          continue
        }
        step(actor)
      } else if draw < share + 0.1, background.count < 8 {
        startWorker()
      } else if !background.isEmpty {
        let actor = random.pick(background)
        if random.chance(0.03) { actor.crash() }
        step(actor)
      }
      background.removeAll(where: \.isFinished)
    }
    _ = fail("no end of \(operations[group[0]])")
    return nil
  }

  // MARK: Actors

  private func engine(
    _ actor: StepActor, watch: @escaping @Sendable (WriteRequest, WriteResponse) -> Void = { _, _ in }
  ) -> FeedEngine {
    let executor = executor
    let store = WatchedStore(GatedStore(store) { _ async throws(StoreError) in try await actor.gate() }, watch)
    return FeedEngine(
      store: store, times: times, groups: groups, options: options, timing: World.timing(clock),
      runtime: FeedRuntime(
        spawn: { work in executor.launch(work) }, sleep: { _ in await actor.pause() }),
      logger: .silent, metrics: metrics)
  }

  private func start(_ operation: FeedOperation, _ number: Int) -> StepActor {
    log.append("begins: \(operation)")
    let signal = CommitSignal(operation)
    let actor = StepActor("client \(number)", operation: number, signal: signal)
    let audited = audited
    let engine = engine(actor) { request, response in
      signal.observe(request, response)
      audited.observe(request, response)
    }
    let app = app
    executor.launch {
      let answered = await Self.answer(operation, number, engine, app)
      actor.finish(failed: !answered)
    }
    executor.drain()
    return actor
  }

  /// Lets one call of the actor through, and sees whether its request committed by it.
  private func step(_ actor: StepActor) {
    _ = actor.step(&random)
    executor.drain()
    if let number = actor.operation, actor.signal?.fired == true { commit(number, "by its write") }
  }

  /// The client's process dies, or stalls to go on later.
  private func crash(_ client: StepActor) {
    if random.chance(0.6) {
      log.append("stalls: \(client.name)")
      background.append(client)
    } else {
      log.append("crashes: \(client.name)")
      client.crash()
      executor.drain()
    }
  }

  private func commit(_ number: Int, _ how: String) {
    guard committed.insert(number).inserted else { return }
    log.append("commits \(how): \(operations[number])")
    switch operations[number] {
    case .add(let activity, let feed, let targets):
      reference.add(
        activity, [.init(feed: feed, kind: .own)] + targets.map { .init(feed: $0, kind: .to) })
      reference.write(activity, content: number, creates: false)
      reference.name(Self.actor(number), of: activity)
    case .addToMany(let activity, let feeds):
      reference.add(activity, feeds.map { .init(feed: $0, kind: .many) })
      reference.write(activity, content: number, creates: false)
      reference.name(Self.actor(number), of: activity)
    case .update(let activity):
      reference.write(activity, content: number, creates: true)
      reference.name(Self.actor(number), of: activity)
    case .change(let activity): reference.write(activity, content: number, creates: false)
    case .replaceTargets(let activity, let feed, let targets):
      retarget(activity, feed) { before in targets.filter { $0 != feed || before.contains(feed) } }
    case .editTargets(let activity, let feed, let added, let removed):
      retarget(activity, feed) { before in
        let kept = before.filter { !removed.contains($0) }
        return kept + added.filter { !kept.contains($0) && ($0 != feed || before.contains(feed)) }
      }
    case .remove(let activity, let feed): reference.remove(activity, from: feed)
    case .follow(let source, let target, let limit): reference.follow(source, target, copy: limit)
    case .unfollow(let source, let target, let keep): reference.unfollow(source, target, keepHistory: keep)
    case .toggle, .read: break
    }
  }

  private func retarget(_ activity: Int, _ feed: String, _ change: ([String]) -> [String]) {
    let holds = reference.holds(feed, activity)
    if holds.inItsOwnRight {
      reference.retarget(activity, change)
    } else if holds.atAll {
      // Whether a fan-out had reached the feed when it was asked is not for the reference to guess.
      for feed in feeds { doubtful.insert(Doubt(feed: feed, activity: activity)) }
    }
  }

  func jobs() -> [Row] {
    let partitions = Self.wait(on: executor) { [store] in
      var rows: [Row] = []
      for shard in 0..<UInt32(8) {
        let page = try? await store.scan(ScanRequest(scope: .shard(shard, .jobs), limit: 10_000))
        rows += page?.rows ?? []
      }
      return rows
    }
    return partitions.filter { $0.key.space == JobID.space }
  }

  private func startWorker(_ row: Row? = nil) {
    let all = jobs()
    if all.isEmpty { return }
    let row = row ?? random.pick(all)
    guard let partition = row.partition, let job = try? JobRecord(row.value) else { return }
    let actor = StepActor("worker")
    log.append("a worker takes a \(job.kind.name) job")
    let engine = engine(actor)
    background.append(actor)
    let id = JobID(partition: partition, rest: row.key.rest)
    let timing = World.timing(clock)
    let gated = GatedStore(store) { _ async throws(StoreError) in try await actor.gate() }
    let version = row.version
    executor.launch {
      await Self.work(id, job, version, engine, gated, timing)
      actor.finish(failed: false)
    }
    executor.drain()
  }

  static func work(
    _ id: JobID, _ job: JobRecord, _ version: Stamp, _ engine: FeedEngine, _ store: any KeyValueStore,
    _ timing: JobTiming
  ) async {
    do {
      let lease = try await JobLease.take(
        id, record: job, version: version, holder: 77, store: store, timing: timing)
      if let lease { try await engine.run(lease) }
    } catch {
      // Lost, crashed or refused: the job's row is still there for the next.
    }
  }

  private func tick() {
    clock.advance(1)
    if random.chance(jump) { clock.advance(random.pick([Self.fence, Self.mark]) + 1) }
  }

  // MARK: Rest

  /// Runs jobs until none is due. Requests that have not committed come first, since whether they do is not for the reference to
  /// guess; `everything`: stalled ones too, all of them to their end.
  private func settle(everything: Bool) -> Bool {
    for actor in background where actor.operation != nil {
      if !everything, let number = actor.operation, committed.contains(number) { continue }
      if !finish(actor) { return fail("\(actor.name) does not end") }
    }
    background.removeAll(where: \.isFinished)
    for _ in 0..<500 {
      let due = jobs().filter { row in
        (try? JobRecord(row.value)).map { $0.wakeAtMilliseconds <= clock.milliseconds } ?? false
      }
      if due.isEmpty {
        if everything {
          for actor in background where !finish(actor) { return fail("\(actor.name) does not end") }
          background = []
          if jobs().contains(where: { ((try? JobRecord($0.value))?.wakeAtMilliseconds ?? 0) <= clock.milliseconds }) {
            continue
          }
        }
        return true
      }
      let before = background.count
      startWorker(random.pick(due))
      guard background.count > before, let worker = background.last else { continue }
      var guardCount = 0
      while !worker.isFinished {
        guardCount += 1
        if guardCount > 5_000 { return fail("a job does not end") }
        clock.advance(1)
        step(worker)
        if background.count > 1, random.chance(0.1) { step(background[random.below(background.count - 1)]) }
      }
      background.removeAll(where: \.isFinished)
    }
    return fail("no rest")
  }

  private func finish(_ actor: StepActor) -> Bool {
    for _ in 0..<5_000 {
      if actor.isFinished {
        if let number = actor.operation, !actor.hasFailed { commit(number, "at its late end") }
        return true
      }
      clock.advance(1)
      step(actor)
    }
    return false
  }
}
