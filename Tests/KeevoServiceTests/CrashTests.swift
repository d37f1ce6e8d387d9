import KeevoClient
import Testing

@testable import KeevoService

/// The disk loses power at some call, again and again. Each test prints the seeds that fail; they replay.
@Suite struct CrashTests {
  @Test func aThousandCrashesLoseNoAcknowledgedWriteAndKeepBatchesWhole() throws {
    var crashes = 0
    var acknowledged = 0
    var recovered = 0
    for seed in UInt64(1)...250 {
      var settings = CrashRun.Settings()
      settings.lives = 4
      var run = CrashRun(seed: seed, settings: settings, states: MemoryStates(seed: seed))
      try run.run()
      #expect(run.violations.isEmpty, "seed \(seed): \(run.violations.prefix(3))")
      crashes += settings.lives
      acknowledged += run.acknowledged
      recovered += run.recovered
    }
    print("crashes=\(crashes) acknowledged=\(acknowledged) recovered=\(recovered)")
    #expect(crashes >= 1_000)
    // The runs are worth something only if much was written and found again.
    #expect(acknowledged > 5_000)
    #expect(recovered > 5_000)
  }

  @Test func withoutFdatasyncTheSameTestFails() throws {
    var failing = 0
    for seed in UInt64(1)...40 {
      var run = CrashRun(seed: seed, settings: .init(ignoresSync: true, lives: 4), states: MemoryStates(seed: seed))
      try run.run()
      if !run.violations.isEmpty { failing += 1 }
    }
    print("without fdatasync \(failing) of 40 seeds fail")
    #expect(failing >= 20, "the durability test cannot tell a synced log from one that is not")
  }

  @Test func theRealStateSurvivesCrashesToo() throws {
    for seed in UInt64(1)...12 {
      var settings = CrashRun.Settings()
      settings.lives = 3
      var run = CrashRun(seed: seed, settings: settings, states: try RocksStates())
      try run.run()
      #expect(run.violations.isEmpty, "seed \(seed): \(run.violations.prefix(3))")
      #expect(run.recovered > 0, "seed \(seed)")
    }
  }
}
