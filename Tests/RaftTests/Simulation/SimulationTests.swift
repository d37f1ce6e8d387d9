import Foundation
import Testing

/// Groups of cores under faults, many seeds. `MILLRACE_RAFT_SEEDS` says how many, `MILLRACE_RAFT_SEED` where to begin.
@Suite struct SimulationTests {
  static let environment = ProcessInfo.processInfo.environment
  static let seeds = environment["MILLRACE_RAFT_SEEDS"].flatMap { UInt64($0) } ?? 500
  static let firstSeed = environment["MILLRACE_RAFT_SEED"].flatMap { UInt64($0) } ?? 1

  @Test func safetyHoldsAtEveryStepAndAgreementReturnsInPeace() async throws {
    let (coverage, violation) = try await onOwnThread { Self.simulate() }
    #expect(violation == nil)
    if violation != nil { return }
    let expected = [
      "leader elected": 2, "crash": 2, "torn write": 0.05, "pause": 0.5, "snapshot installed": 0.1, "compaction": 0.2,
      "transfer": 0.2, "lost disk": 0.1, "change addLearner": 0.1, "change addVoter": 0.03, "change remove": 0.05,
      "read answered": 20, "read by lease": 5, "death unsynced": 0.3, "race": 0.1,
    ]
    // A seed that is played again alone need not do everything.
    for (event, perSeed) in expected where Self.seeds >= 200 {
      let seen = Double(coverage[event, default: 0])
      #expect(seen >= perSeed * Double(Self.seeds) / 2, "\(event): \(seen) in \(Self.seeds) seeds")
    }
  }

  /// What the seeds have reached, and what was wrong in the first that failed.
  private static func simulate() -> (coverage: [String: Int], violation: String?) {
    let begun = ContinuousClock.now
    var steps = 0
    var coverage: [String: Int] = [:]
    for seed in firstSeed..<firstSeed + seeds {
      var simulation = Simulation(seed: seed)
      simulation.run()
      steps += simulation.steps
      coverage.merge(simulation.coverage) { $0 + $1 }
      guard simulation.checker.violations.isEmpty else {
        var again = Simulation(seed: seed, telling: true)
        again.run()
        let story = (again.transcript ?? []).suffix(60).joined(separator: "\n")
        return (coverage, "seed \(seed), step \(simulation.steps): \(simulation.checker.violations)\n\(story)")
      }
    }
    print("simulation: \(seeds) seeds, \(steps) steps in \(ContinuousClock.now - begun)")
    return (coverage, nil)
  }

  @Test func theSameSeedGivesTheSameRun() async throws {
    @Sendable func run(_ seed: UInt64) -> [UInt64] {
      var simulation = Simulation(seed: seed)
      simulation.run()
      return [simulation.digest.hash, UInt64(simulation.steps)]
    }
    let runs = try await onOwnThread { (UInt64(1)...20).map { [run($0), run($0)] } }
    #expect(runs.allSatisfy { $0[0] == $0[1] })
    #expect(runs[0][0] != runs[1][0])
  }

  /// The checker can fail: disks that forget what they had synced break Raft, and it sees that.
  @Test func aDiskThatForgetsIsFound() async throws {
    let isFound = try await onOwnThread {
      (UInt64(1)...300).contains { seed in
        var simulation = Simulation(seed: seed, sabotage: .crashesLoseSyncedWrites)
        simulation.run()
        return simulation.checker.violations.contains { !$0.hasPrefix("no agreement") }
      }
    }
    #expect(isFound)
  }

  /// A leader that trusts its lease for ever answers with what is no longer true, and the checker sees that.
  @Test func aLeaseWithoutEndIsFound() async throws {
    let isFound = try await onOwnThread {
      (UInt64(1)...300).contains { seed in
        var simulation = Simulation(seed: seed, sabotage: .leaseNeverEnds)
        simulation.run()
        return simulation.checker.violations.contains { $0.contains("stale read by lease") }
      }
    }
    #expect(isFound)
  }
}
