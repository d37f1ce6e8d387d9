import Foundation
import Testing

/// Our core and etcd/raft do the same, step by step, on the same schedules of ticks, messages (lost, doubled, out of order,
/// cut one way), proposals, membership changes, transfers, reads, snapshots, crashes and restarts.
///
/// `MILLRACE_RAFT_SCHEDULES` says how many, `MILLRACE_RAFT_SEED` where to begin. A difference names its seed; that seed with
/// one schedule shows it again.
@Suite struct LockstepTests {
  static let environment = ProcessInfo.processInfo.environment
  static let schedules = environment["MILLRACE_RAFT_SCHEDULES"].flatMap { Int($0) }
  static let firstSeed = environment["MILLRACE_RAFT_SEED"].flatMap { UInt64($0) } ?? 1

  @Test(.enabled(if: Oracle.isInstalled || schedules != nil, "golang-go and golang-etcd-server-dev are not installed"))
  func everyStepEqualsEtcds() async throws {
    let difference = try await onOwnThread { try Self.firstDifference() }
    #expect(difference == nil)
  }

  private static func firstDifference() throws -> String? {
    let oracle = try Oracle.build()
    defer { try? FileManager.default.removeItem(atPath: oracle.program) }
    let count = schedules ?? 500
    var steps = 0
    let begun = ContinuousClock.now
    let (equal, says) = try oracle.run { pipe in
      for seed in firstSeed..<firstSeed + UInt64(count) {
        let schedule = Schedule(seed: seed)
        steps += schedule.steps
        try pipe.write(contentsOf: schedule.bytes)
      }
    }
    print("lockstep: \(says.split(separator: "\n").first ?? "nothing") in \(ContinuousClock.now - begun)")
    if !equal { return try explain(says, oracle) }
    return says == "equal: \(count) schedules, \(steps) steps\n" ? nil : says
  }

  /// Both sides' account of the first step that differs.
  static func explain(_ says: String, _ oracle: Oracle) throws -> String {
    let words = says.split { !$0.isNumber }
    guard says.hasPrefix("seed "), words.count > 1, let seed = UInt64(words[0]), let step = Int(words[1]) else {
      return says
    }
    let ours = Schedule(seed: seed, explaining: step)
    let (_, etcd) = try oracle.run(verbose: true) { try $0.write(contentsOf: ours.bytes) }
    return "\(etcd)ours:\n\(ours.explanation)"
  }

  @Test func theSchedulesReachWhatTheyShould() async throws {
    let coverage = try await onOwnThread {
      var coverage = Coverage()
      for seed in UInt64(1)...500 {
        if let reached = Schedule(seed: seed, covering: true).cluster.coverage { coverage.add(reached) }
      }
      return coverage
    }
    for (event, least) in Self.expectedEvents {
      #expect(coverage.counts[event, default: 0] >= least, "\(event) in 500 schedules\n\(coverage.description)")
    }
  }

  static let expectedEvents = [
    "leader elected": 700, "leader stepped down": 300, "entry committed": 10_000, "log replaced": 60,
    "membership changed": 200, "snapshot installed": 50, "read answered": 300, "read refused": 300,
    "sent timeoutNow": 40,
    "sent appendRejected": 1_000, "sent termNotice": 100, "sent readIndexResponse": 80, "refused transferring": 300,
    "ignored leaderAlive": 300, "mark termNotCommitted": 50, "mark changePending": 50, "mark ownRemoval": 40,
    "mark pointless": 80, "mark overloaded": 30, "mark notPassedOn": 40, "mark leftOffice": 1,
  ]

  /// The test can fail: one wrong digest in the middle of a schedule is found, at its step.
  @Test(.enabled(if: Oracle.isInstalled || schedules != nil, "golang-go and golang-etcd-server-dev are not installed"))
  func aDifferenceIsFoundAtItsStep() throws {
    let oracle = try Oracle.build()
    defer { try? FileManager.default.removeItem(atPath: oracle.program) }
    let schedule = Schedule(seed: 7)
    var bytes = schedule.bytes
    bytes[bytes.count - 3] ^= 1
    let (equal, says) = try oracle.run { try $0.write(contentsOf: bytes) }
    #expect(!equal && says.hasPrefix("seed 7, step \(schedule.steps): etcd differs"))
  }
}
