import Feeds
import Testing

/// Random histories of reactions against the model. `MILLRACE_SEED=n` replays one seed, `MILLRACE_SEEDS=n` runs more of them.
@Suite struct ReactionHistoryTests {
  private func firstFailure(
    _ seeds: ClosedRange<UInt64>, faults: FeedEngine.Faults = []
  ) -> (seed: UInt64, report: String)? {
    for seed in seeds {
      let run = ReactionHistory(seed: seed, faults: faults)
      if !run.run() {
        let log = run.log.suffix(60).joined(separator: "\n  ")
        return (seed, "seed \(seed): \(run.failure ?? "")\n  \(log)")
      }
    }
    return nil
  }

  @Test func reactionsEqualTheModelWhateverDiesWhen() {
    let failure = firstFailure(InterleavingTests.seeds)
    #expect(failure == nil, "replay with MILLRACE_SEED: \(failure?.report ?? "")")
    if failure == nil { print("reactions: seeds \(InterleavingTests.seeds) hold") }
  }

  /// The control: with a rule switched off the driver must notice.
  @Test(arguments: [
    ("a reaction is counted twice", FeedEngine.Faults.countsTwice),
    ("a late insertion is not refused", .reactionsReturn),
    ("late writers of target feeds are not refused", .noticesReturn),
  ])
  func theDriverNoticesARuleSwitchedOff(_ name: String, _ faults: FeedEngine.Faults) {
    let found = firstFailure(1...4_000, faults: faults)
    #expect(found != nil, "the driver did not notice that \(name)")
    if let found { print("control: \(name): found by seed \(found.seed)") }
  }
}
