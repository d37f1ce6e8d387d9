import Feeds
import Testing

/// Random histories against the reference. `MILLRACE_SEED=n` replays one seed, `MILLRACE_SEEDS=n` runs more of them.
@Suite struct InterleavingTests {
  /// The seeds to run.
  static var seeds: ClosedRange<UInt64> {
    if let seed = environment("MILLRACE_SEED") { return seed...seed }
    return 1...(environment("MILLRACE_SEEDS") ?? 150)
  }

  /// The first failing seed with its history, shortest first among those tried.
  private func firstFailure(
    _ seeds: ClosedRange<UInt64>, directed: Bool, faults: FeedEngine.Faults = []
  ) -> (seed: UInt64, report: String)? {
    for seed in seeds {
      let run = Interleaving(seed: seed, directed: directed, faults: faults)
      if !run.run() {
        let log = run.log.suffix(60).joined(separator: "\n  ")
        return (seed, "seed \(seed)\(directed ? " (directed)" : ""): \(run.failure ?? "")\n  \(log)")
      }
    }
    return nil
  }

  @Test func feedsEqualTheReferenceWhateverDiesWhen() {
    let failure = firstFailure(Self.seeds, directed: false)
    #expect(failure == nil, "replay with MILLRACE_SEED: \(failure?.report ?? "")")
    print("interleavings: seeds \(Self.seeds) of mixed histories hold")
  }

  @Test func feedsEqualTheReferenceInTheRacesOfOneRelation() {
    let failure = firstFailure(Self.seeds, directed: true)
    #expect(failure == nil, "replay with MILLRACE_SEED: \(failure?.report ?? "")")
    print("interleavings: seeds \(Self.seeds) of one relation's histories hold")
  }

  /// The control: with a rule switched off the driver must notice.
  @Test(arguments: [
    ("entries are not idempotent", FeedEngine.Faults.notIdempotent), ("placement epochs recur", .epochsReused),
    ("ended edges are not noted", .noEnds), ("a copy comes before its edge", .copyBeforeEdge),
    ("pending jobs are left to workers", .noHelp), ("what came before the follow is pushed too", .noSince),
    ("removals hide nothing", .noHides),
  ])
  func theDriverNoticesARuleSwitchedOff(_ name: String, _ faults: FeedEngine.Faults) {
    let mixed = firstFailure(1...400, directed: false, faults: faults)
    let found = mixed ?? firstFailure(1...4_000, directed: true, faults: faults)
    #expect(found != nil, "the driver did not notice that \(name)")
    if let found { print("control: \(name): found by seed \(found.seed)") }
  }
}
