import KeevoClient
import Model
import Synchronization

/// Writes into aggregated and notification feeds (B15).
extension FeedEngine {
  /// A change of one feed.
  struct FeedChange: Sendable {
    var feed: [UInt8]
    var rules: AggregateRules
    var work: AggregateWork

    init(_ feed: [UInt8], _ rules: AggregateRules, _ change: AggregateChange, notAfterMilliseconds: UInt64 = .max) {
      self.feed = feed
      self.rules = rules
      work = AggregateWork(change: change, notAfterMilliseconds: notAfterMilliseconds)
    }
  }

  /// The group of a feed if its feeds are aggregated; `nil` for flat ones.
  ///
  /// A group this process has not heard of yet is an error that passes: taken for flat, what enters its feeds would be lost.
  func aggregatedGroup(ofFeed name: [UInt8], _ app: AppID) throws(StoreError) -> FeedGroup? {
    let slug = String(decoding: name.prefix { $0 != UInt8(ascii: ":") }, as: UTF8.self)
    guard let group = groups.group(slug, app: app) else {
      throw .unavailable("the feed group \(slug) is not known here yet")
    }
    return group.kind == .flat ? nil : group
  }

  /// Makes changes in any number of feeds; each feed's in the order given. Gives what became of each.
  @discardableResult
  func aggregate(
    _ changes: [FeedChange], _ app: AppID, _ traceID: [UInt8]
  ) async throws(StoreError) -> [AggregateOutcome] {
    if changes.isEmpty { return [] }
    var order: [[UInt8]] = []
    var byFeed: [[UInt8]: [Int]] = [:]
    for (index, change) in changes.enumerated() {
      if byFeed[change.feed] == nil { order.append(change.feed) }
      byFeed[change.feed, default: []].append(index)
    }
    var led: [FeedWork] = []
    var waits: [(indices: [Int], wait: @Sendable () async -> Result<[AggregateOutcome], StoreError>)] = []
    for feed in order {
      let indices = byFeed[feed] ?? []
      let work = FeedWork(feed: feed, rules: changes[indices[0]].rules, work: indices.map { changes[$0].work })
      let box = OutcomeBox()
      let ticket = AggregateQueue.Ticket(changes: work.work) { box.put($0) }
      switch aggregateQueue.join(.init(app: app.rawValue, feed: feed), ticket) {
      case .leads: led.append(work)
      case .waits: waits.append((indices, { await box.wait() }))
      case .full:
        for work in led { drainLater(work.feed, work.rules, app, traceID) }
        throw .overloaded("too many changes wait for the feed \(String(decoding: feed, as: UTF8.self))")
      }
    }
    let results: Result<[[AggregateOutcome]], StoreError> = await .of { () throws(StoreError) in
      try await self.write(led, app, traceID)
    }
    // What has gathered meanwhile is written beside the request.
    for work in led { drainLater(work.feed, work.rules, app, traceID) }
    var outcomes = [AggregateOutcome](repeating: .done, count: changes.count)
    for (work, result) in zip(led, try results.get()) {
      for (index, outcome) in zip(byFeed[work.feed] ?? [], result) { outcomes[index] = outcome }
    }
    for (indices, wait) in waits {
      for (index, outcome) in zip(indices, try await wait().get()) { outcomes[index] = outcome }
    }
    noteFeedUpdates(zip(changes, outcomes).count { $0.work.isEntering && $1 == .done }, app)
    return outcomes
  }

  struct FeedWork: Sendable {
    var feed: [UInt8]
    var rules: AggregateRules
    var work: [AggregateWork]
  }

  /// Writes what has gathered for a feed until nothing has; does nothing, at once, in the common case.
  private func drainLater(_ feed: [UInt8], _ rules: AggregateRules, _ app: AppID, _ traceID: [UInt8]) {
    let key = AggregateQueue.Key(app: app.rawValue, feed: feed)
    let first = aggregateQueue.next(key, changesMax: options.stepRowsMax)
    if first.isEmpty { return }
    runtime.spawn { [self] in
      var tickets = first
      while !tickets.isEmpty {
        let work = FeedWork(feed: feed, rules: rules, work: tickets.flatMap(\.changes))
        let result: Result<[[AggregateOutcome]], StoreError> = await .of { () throws(StoreError) in
          try await write([work], app, traceID)
        }
        var start = 0
        for ticket in tickets {
          let part = start..<(start + ticket.changes.count)
          start = part.upperBound
          ticket.done(result.map { Array(($0.first ?? [])[part]) })
        }
        tickets = aggregateQueue.next(key, changesMax: options.stepRowsMax)
      }
    }
  }

  // MARK: Rounds

  /// One feed's changes on their way: what is still to be written, and what became of the others.
  private struct Round {
    var work: FeedWork
    var open: ArraySlice<Int>
    var outcomes: [AggregateOutcome]

    /// Ends those that cannot be made any more; the others go again.
    mutating func settle(_ outcome: AggregateOutcome, where ends: (AggregateWork) -> Bool) {
      for change in open where ends(work.work[change]) { outcomes[change] = outcome }
      open = open.filter { !ends(work.work[$0]) }[...]
    }
  }

  /// Writes each feed's changes: reads what they need, plans, and writes under the condition that nothing has changed.
  private func write(
    _ work: [FeedWork], _ app: AppID, _ traceID: [UInt8]
  ) async throws(StoreError) -> [[AggregateOutcome]] {
    var rounds = work.map {
      Round(
        work: $0, open: Array($0.work.indices)[...],
        outcomes: [AggregateOutcome](repeating: .done, count: $0.work.count))
    }
    var failures = 0
    while true {
      var batches: [(index: Int, changes: [Int])] = []
      // A write's bytes are limited (`StoreLimits.batchBytesMax`), and with them the changes that go together.
      var left = 2 * options.stepRowsMax
      for index in rounds.indices where !rounds[index].open.isEmpty && left > 0 {
        let changes = Array(rounds[index].open.prefix(options.stepRowsMax))
        batches.append((index, changes))
        left -= changes.count
      }
      if batches.isEmpty { return rounds.map(\.outcomes) }
      let plans = try await plan(
        batches.map { batch in
          let work = rounds[batch.index].work
          return FeedWork(feed: work.feed, rules: work.rules, work: batch.changes.map { work.work[$0] })
        }, app)
      var failed = false
      var sent: [(batch: Int, fence: UInt64, own: [Condition])] = []
      var subBatches: [SubBatch] = []
      for (position, batch) in batches.enumerated() {
        guard let write = try plans[position].write() else {
          rounds[batch.index].open.removeFirst(batch.changes.count)
          continue
        }
        let work = batch.changes.map { rounds[batch.index].work.work[$0] }
        let fence = work.map(\.notAfterMilliseconds).min() ?? .max
        let own = Array(Set(work.compactMap(\.condition)))
        subBatches.append(
          SubBatch(
            partition: FeedKeys.feed(named: plans[position].feed, app.rawValue),
            conditions: own + write.conditions + (fence == .max ? [] : [.notAfter(milliseconds: fence)]),
            operations: write.operations))
        sent.append((position, fence, own))
      }
      let results = try await self.write(subBatches, traceID)
      for (item, (subBatch, result)) in zip(sent, zip(subBatches, results)) {
        let batch = batches[item.batch]
        if result.applied {
          aggregateWrites.increment()
          let plan = plans[item.batch]
          if plan.meetsOtherFormat, plan.rules.reaggregates { regroupLater(plan.feed, app, traceID) }
          rounds[batch.index].open.removeFirst(batch.changes.count)
        } else if let number = result.failedCondition, number < item.own.count {
          rounds[batch.index].settle(.refused) { $0.condition == item.own[number] }
        } else if item.fence != .max, result.failedCondition == subBatch.conditions.count - 1 {
          rounds[batch.index].settle(.late) { $0.notAfterMilliseconds < result.timeMilliseconds }
        } else {
          failed = true
        }
      }
      guard failed else { continue }
      failures += 1
      guard failures < options.contentionTriesMax else {
        throw .overloaded("an aggregated feed is changed by too many at once")
      }
      if failures > 2 { await runtime.sleep(UInt64.random(in: 1...4) * 500_000 << UInt64(min(failures, 7))) }
    }
  }

  /// Plans each feed's changes over rows of one moment, read in as few waves as they need.
  private func plan(_ work: [FeedWork], _ app: AppID) async throws(StoreError) -> [AggregatePlan] {
    var rows: [AggregatePlan.Rows] = work.map { _ in [:] }
    var ranges: [[RowRange: [Row]]] = work.map { _ in [:] }
    var plans: [AggregatePlan?] = work.map { _ in nil }
    var wanted = work.map { AggregatePlan.firstRows($0.work.map(\.change)) }
    var wantedRanges: [[(range: RowRange, limit: Int)]] = work.map { _ in [] }
    for _ in 0..<Self.wavesMax {
      try await load(wanted, wantedRanges, of: work, into: &rows, &ranges, app)
      for index in work.indices where plans[index]?.isComplete != true {
        var plan = AggregatePlan(
          feed: work[index].feed, rules: work[index].rules, faults: options.faults, rows: rows[index],
          ranges: ranges[index])
        try plan.make(work[index].work.map(\.change))
        plans[index] = plan
        wanted[index] = plan.missing
        wantedRanges[index] = plan.missingRanges
      }
      let complete = plans.compactMap { $0?.isComplete == true ? $0 : nil }
      if complete.count == work.count { return complete }
    }
    throw .failed("a plan of an aggregated feed asks for rows without end")
  }

  /// State, entry sets, headers, actors, members: no plan asks oftener.
  private static let wavesMax = 8

  /// Reads rows into each feed's view. A view whose state row has changed between two waves is of two moments, and its write
  /// will be refused.
  private func load(
    _ wanted: [[RowKey]], _ wantedRanges: [[(range: RowRange, limit: Int)]], of work: [FeedWork],
    into rows: inout [AggregatePlan.Rows], _ ranges: inout [[RowRange: [Row]]], _ app: AppID
  ) async throws(StoreError) {
    var items: [MultiGetRequest.Item] = []
    var places: [(feed: Int, key: RowKey)] = []
    for index in work.indices {
      let partition = FeedKeys.feed(named: work[index].feed, app.rawValue)
      var seen: Set<RowKey> = []
      for key in wanted[index] where rows[index][key] == nil && seen.insert(key).inserted {
        items.append(.init(partition: partition, key: key))
        places.append((index, key))
      }
    }
    for (place, row) in zip(places, try await multiGet(items)) { rows[place.feed][place.key] = .some(row) }
    for index in work.indices {
      let partition = FeedKeys.feed(named: work[index].feed, app.rawValue)
      for wanted in wantedRanges[index] where ranges[index][wanted.range] == nil {
        ranges[index][wanted.range] = try await store.scan(
          ScanRequest(
            scope: .partition(partition, wanted.range), limit: min(StoreLimits.scanRowsMax, wanted.limit))
        ).rows
      }
    }
  }
}

/// Carries a result from whoever writes a feed to the one who waits for it.
private final class OutcomeBox: Sendable {
  private struct State {
    var result: Result<[AggregateOutcome], StoreError>?
    var waiter: CheckedContinuation<Result<[AggregateOutcome], StoreError>, Never>?
  }
  private let state = Mutex(State())

  func put(_ result: Result<[AggregateOutcome], StoreError>) {
    let waiter = state.withLock { state in
      state.result = result
      defer { state.waiter = nil }
      return state.waiter
    }
    waiter?.resume(returning: result)
  }

  func wait() async -> Result<[AggregateOutcome], StoreError> {
    await withCheckedContinuation { continuation in
      let result = state.withLock { state in
        if state.result == nil { state.waiter = continuation }
        return state.result
      }
      if let result { continuation.resume(returning: result) }
    }
  }
}
