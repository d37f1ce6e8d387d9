import KeevoClient
import Model
import Testing

@testable import Feeds

/// Rules of B15 whose breach needs three accidents at once, one by one; each with its control.
@Suite struct AggregatePlanTests {
  private let id = ActivityID(ticks: 5, low: 6)
  private let group = GroupHash(key: "k", feed: [65])

  private func entering(actor: String = "x", version: UInt64 = 1, placement: UInt64 = 3) -> AggregateChange {
    .enter(
      .init(
        id: id,
        citation: Citation(
          via: 2, placement: Stamp(placement), edge: Stamp(4), arrival: Stamp(9), kind: .own, position: 0),
        group: group, key: "k", format: 7, actor: GroupHash(actor: actor), version: Stamp(version)))
  }

  /// What a feed without rows writes.
  private func members(_ changes: [AggregateChange], faults: FeedEngine.Faults = []) throws -> [String] {
    var rows: AggregatePlan.Rows = [:]
    for _ in 0..<8 {
      var plan = AggregatePlan(
        feed: [65], rules: AggregateRules(FeedGroup(slug: "a", kind: .aggregated)), faults: faults, rows: rows,
        ranges: [:])
      try plan.make(changes)
      if !plan.isComplete {
        for key in plan.missing { rows[key] = .some(nil) }
        continue
      }
      var out: [String] = []
      for case .put(let key, let value, _, _) in try plan.write()?.operations ?? [] {
        if key == AggregateKeys.header(1, group) {
          let header = try GroupHeader(value)
          out.append("\(header.activities) by \(header.actors)")
        }
        if key == AggregateKeys.actor(1, group, GroupHash(actor: "y")) { out.append("y") }
      }
      return out
    }
    throw StoreError.failed("the plan asks for rows without end")
  }

  @Test func nothingEntersByAPlacementThatHasGone() throws {
    let gone = AggregateChange.leave(id, .init(via: 2, placement: Stamp(3)))
    #expect(try members([entering()]) == ["1 by 1"])
    #expect(try members([gone, entering()]) == [])
    #expect(try members([gone, entering(placement: 8)]) == ["1 by 1"], "another placement of the same feed may")
    #expect(try members([gone, .forget(id, .init(via: 2, placement: Stamp(3))), entering()]) == ["1 by 1"])
    #expect(try members([gone, entering()], faults: .noGone) == ["1 by 1"], "the control")
  }

  @Test func membersTakeTheActorFromNewerVersionsOnly() throws {
    let older = AggregateChange.renew(id, actor: GroupHash(actor: "y"), version: Stamp(1))
    let newer = AggregateChange.renew(id, actor: GroupHash(actor: "y"), version: Stamp(3))
    #expect(try members([entering(version: 2), older]) == ["1 by 1"])
    #expect(try members([entering(version: 2), newer]) == ["1 by 1", "y"])
    #expect(try members([entering(version: 2), older], faults: .anyVersion) == ["1 by 1", "y"], "the control")
  }

  @Test func enteringAgainCountsOnce() throws {
    #expect(try members([entering(), entering(), entering(placement: 8)]) == ["1 by 1"])
    #expect(try members([entering(), entering()], faults: .membersTwice) == ["2 by 1"], "the control")
  }
}
