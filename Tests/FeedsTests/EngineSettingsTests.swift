import Testing

@testable import Feeds

/// The engine's options as services' settings name them.
@Suite struct EngineSettingsTests {
  @Test func everySettingChangesItsOptionAlone() {
    let standard = FeedEngine.Options { _ in nil }
    #expect(standard.visibleFeedsMax == FeedEngine.Options().visibleFeedsMax)
    #expect(standard.auditRetentionDays == AuditLog.retentionDaysDefault)
    let given = FeedEngine.Options { ["idle-days": 7, "visible-milliseconds": 5][$0] }
    #expect(given.idleMilliseconds == 7 * 86_400_000)
    #expect(given.visibleMilliseconds == 5)
    #expect(given.bucketFollowersMax == standard.bucketFollowersMax)
  }

  @Test func defaultsAreInRangeAndNamesAreThereOnce() {
    let all = FeedEngine.Options.settings + [UsageLedger.setting]
    #expect(Set(all.map(\.name)).count == all.count)
    for setting in all { #expect(setting.range.contains(setting.standard), "\(setting.name)") }
    let jobs = Set(FeedEngine.Options.jobSettings.map(\.name))
    #expect(jobs == ["idle-days", "bucket-followers-max", "audit-retention-days"])
    #expect(jobs.isSubset(of: all.map(\.name)))
  }
}
