import KeevoClient
import Testing

@testable import Jobs

@Suite struct JobTableTests {
  private let second: UInt64 = 1_000_000_000

  private func table(_ change: (inout JobTable.Limits) -> Void = { _ in }) -> JobTable {
    var limits = JobTable.Limits()
    change(&limits)
    return JobTable(kinds: [.fanOut, .garbage], leaseNanoseconds: 2 * second, limits: limits)
  }

  private func id(_ number: Int, app: UInt32 = 1) -> JobID {
    JobID(partition: Partition(app: app, "p\(number)"), stamp: Stamp(UInt64(number)))
  }

  private func record(_ kind: JobKind = .fanOut, holder: UInt64 = 0, wake: UInt64 = 0) -> JobRecord {
    var record = JobRecord(kind: kind, holder: holder, madeAtMilliseconds: 0, payload: [])
    record.wakeAtMilliseconds = wake
    return record
  }

  @Test func aFreeJobIsReadyAtOnceAndRunsOnce() {
    var table = table()
    table.observe(id(1), shard: 0, version: Stamp(1), record: record(), now: 0, wall: 0)
    #expect(table.next(now: 0)?.id == id(1))
    #expect(table.next(now: 0) == nil)
    #expect(table.next(now: 100 * second) == nil)
  }

  @Test func aHeldJobIsReadyOnlyWhenItsRowStoodStillForTheLease() {
    var table = table()
    table.observe(id(1), shard: 0, version: Stamp(1), record: record(holder: 5), now: 0, wall: 0)
    #expect(table.next(now: 2 * second - 1) == nil)
    table.observe(id(1), shard: 0, version: Stamp(2), record: record(holder: 5), now: second, wall: 0)
    #expect(table.next(now: 2 * second) == nil)
    #expect(table.next(now: 3 * second)?.version == Stamp(2))
  }

  @Test func seeingTheSameVersionAgainDoesNotRenewALease() {
    var table = table()
    for moment in [0, 1, 2] as [UInt64] {
      table.observe(id(1), shard: 0, version: Stamp(1), record: record(holder: 5), now: moment * second, wall: 0)
    }
    #expect(table.next(now: 2 * second)?.id == id(1))
  }

  @Test func aSleepingJobWaitsForItsTime() {
    var table = table()
    table.observe(id(1), shard: 0, version: Stamp(1), record: record(wake: 10_500), now: 0, wall: 10_000)
    #expect(table.next(now: second / 2 - 1) == nil)
    #expect(table.next(now: second / 2)?.id == id(1))
  }

  @Test func aJobThatSleepsPastTheHorizonIsLeftToALaterScan() {
    var table = table()
    table.observe(id(1), shard: 3, version: Stamp(1), record: record(wake: 86_400_000), now: 0, wall: 0)
    #expect(table.knownCount == 0)
    #expect(table.takeRescan(3, now: second) == false)
    #expect(table.takeRescan(3, now: 700 * second) == true)
    #expect(table.takeRescan(3, now: 700 * second) == false)
  }

  @Test func kindsWithoutAHandlerAreLeftToOthers() {
    var table = table()
    table.observe(id(1), shard: 0, version: Stamp(1), record: record(JobKind(rawValue: 200)), now: 0, wall: 0)
    #expect(table.knownCount == 0)
    #expect(table.next(now: 100 * second) == nil)
  }

  @Test func anAppWithManyJobsDelaysNoOther() {
    var table = table { $0.laneWidth = 1 }
    for number in 0..<50 {
      table.observe(id(number), shard: 0, version: Stamp(1), record: record(), now: 0, wall: 0)
    }
    table.observe(id(99, app: 2), shard: 0, version: Stamp(1), record: record(), now: 0, wall: 0)
    var apps: [UInt32] = []
    for _ in 0..<3 {
      guard let next = table.next(now: 0) else { break }
      apps.append(next.id.partition.app)
      table.forget(next.id)
      table.finished(next.id, kind: .fanOut, ranVersion: next.version, now: 0)
    }
    #expect(apps == [1, 2, 1])
  }

  @Test func aLaneRunsNoMoreThanItsWidthAndAnotherKindGoesOn() {
    var table = table { $0.laneWidth = 2 }
    for number in 0..<5 { table.observe(id(number), shard: 0, version: Stamp(1), record: record(), now: 0, wall: 0) }
    table.observe(id(9), shard: 0, version: Stamp(1), record: record(.garbage), now: 0, wall: 0)
    var started: [JobID] = []
    while let next = table.next(now: 0) { started.append(next.id) }
    #expect(started.count == 3)
    #expect(started.contains(id(9)))
    table.forget(started[0])
    table.finished(started[0], kind: table.kind(of: started[0]) ?? .fanOut, ranVersion: Stamp(1), now: 0)
    #expect(table.next(now: 0) != nil)
  }

  @Test func whatDoesNotFitIsFoundByALaterScan() {
    var table = table { $0.rowsMax = 2 }
    for number in 0..<3 { table.observe(id(number), shard: 0, version: Stamp(1), record: record(), now: 0, wall: 0) }
    #expect(table.knownCount == 2)
    #expect(table.takeRescan(0, now: 61 * second) == true)
  }

  @Test func aRunThatChangedNothingIsTriedAgainAfterTheLease() {
    var table = table()
    table.observe(id(1), shard: 0, version: Stamp(1), record: record(), now: 0, wall: 0)
    guard let next = table.next(now: 0) else { return #expect(Bool(false)) }
    table.finished(next.id, kind: .fanOut, ranVersion: next.version, now: second)
    #expect(table.next(now: second) == nil)
    #expect(table.next(now: 3 * second)?.id == id(1))
  }

  @Test func aRowReleasedWhileItRanIsReadyWhenTheRunEnds() {
    var table = table()
    table.observe(id(1), shard: 0, version: Stamp(1), record: record(), now: 0, wall: 0)
    guard let next = table.next(now: 0) else { return #expect(Bool(false)) }
    table.observe(id(1), shard: 0, version: Stamp(2), record: record(), now: second, wall: 0)
    #expect(table.next(now: second) == nil)
    table.finished(next.id, kind: .fanOut, ranVersion: next.version, now: second)
    #expect(table.next(now: second)?.version == Stamp(2))
  }

  @Test func aScanOfTheWholeShardForgetsWhatHasGone() {
    var table = table()
    for number in 0..<3 {
      table.observe(id(number), shard: UInt32(number % 2), version: Stamp(1), record: record(), now: 0, wall: 0)
    }
    table.retain([id(0)], shard: 0)
    #expect(table.knownCount == 2)
  }

  @Test func theHeapGivesTheLeastFirst() {
    var heap = MinHeap<Int>()
    let numbers = (0..<200).map { ($0 * 7_919) % 211 }
    for number in numbers { heap.insert(number) }
    var sorted: [Int] = []
    while let first = heap.first {
      sorted.append(first)
      heap.removeFirst()
    }
    #expect(sorted == numbers.sorted())
  }
}
