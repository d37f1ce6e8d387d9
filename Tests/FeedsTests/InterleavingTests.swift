import Feeds
import Testing

/// Random histories against the reference. `MILLRACE_SEED=n` replays one seed, `MILLRACE_SEEDS=n` runs more of them.
@Suite struct InterleavingTests {
  /// The seeds to run.
  static var seeds: ClosedRange<UInt64> {
    if let seed = environment("MILLRACE_SEED") { return seed...seed }
    return 1...(environment("MILLRACE_SEEDS") ?? 150)
  }

  /// The first failing seed with its history.
  private func firstFailure(
    _ seeds: ClosedRange<UInt64>, _ style: FeedOperation.Style, faults: FeedEngine.Faults = []
  ) -> (seed: UInt64, report: String)? {
    for seed in seeds {
      let run = Interleaving(seed: seed, style: style, faults: faults)
      if !run.run() {
        let log = run.log.suffix(60).joined(separator: "\n  ")
        return (seed, "seed \(seed), \(style): \(run.failure ?? "")\n  \(log)")
      }
    }
    return nil
  }

  @Test(arguments: FeedOperation.Style.allCases)
  func feedsEqualTheReferenceWhateverDiesWhen(_ style: FeedOperation.Style) {
    let failure = firstFailure(Self.seeds, style)
    #expect(failure == nil, "replay with MILLRACE_SEED: \(failure?.report ?? "")")
    if failure == nil { print("interleavings: seeds \(Self.seeds) of \(style) histories hold") }
  }

  /// The control: with a rule switched off the driver must notice.
  @Test(arguments: [
    ("entries are not idempotent", FeedEngine.Faults.notIdempotent, FeedOperation.Style.mixed),
    ("placement epochs recur", .epochsReused, .relation), ("ended edges are not noted", .noEnds, .relation),
    ("a copy comes before its edge", .copyBeforeEdge, .relation),
    ("pending jobs are left to workers", .noHelp, .mixed),
    ("what came before the follow is pushed too", .noSince, .relation), ("removals hide nothing", .noHides, .relation),
    ("kept history is closed to fan-outs on their way", .noFormer, .fan),
    ("placements in rows are not looked up", .noRows, .changes),
    ("lost targets keep their placements", .targetsStay, .changes),
    ("add_to_many is fanned out", .manySpread, .changes),
    ("audit entries are left out of the change's write", .auditApart, .changes),
    ("an activity is counted each time it enters", .membersTwice, .grouped),
    ("who has lost a copy job copies on", .copyUnfenced, .grouped),
    ("aggregated feeds do not heed ended edges", .noEnds, .grouped),
    ("own rows are written over, so that their arrival moves", .arrivalMoves, .relation),
    ("a pulled edge is given nothing any more", .pulledNotPushed, .pulled),
    ("add_to_many is pulled", .pullsMany, .pulled),
    ("the way back to push copies nothing", .backWithoutCopy, .pulled),
    ("kept history forgets what was pulled", .keepsNoPulled, .pulled),
    ("hints from foreign ids are written once", .hintOnce, .switched),
    ("removals hide nothing that was pulled", .noHides, .pulled),
    ("a split writes one bucket only", .splitWritesOne, .buckets),
    ("a new bucket is not filled", .splitFillsNothing, .buckets),
    ("placement epochs recur under both plans", .epochsReused, .switched),
  ])
  func theDriverNoticesARuleSwitchedOff(_ name: String, _ faults: FeedEngine.Faults, _ style: FeedOperation.Style) {
    let found = firstFailure(1...4_000, style, faults: faults)
    #expect(found != nil, "the driver did not notice that \(name)")
    if let found { print("control: \(name): found by seed \(found.seed)") }
  }
}
