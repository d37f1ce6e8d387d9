import Feeds
import JSON
import KeevoClient
import Model
import ServiceKit
import Synchronization
import Testing

@testable import DashboardService

/// `dashboard-api usage` (insight D52, D53).
@Suite struct UsageReportTests {
  private static let today = UsageDay(number: 20_778)  // 2026-11-21

  private func request(_ words: String...) throws -> UsageRequest { try UsageRequest(words, today: Self.today) }

  /// A store in which app 1 has used something on two days of two months.
  private func used() async throws -> MemoryStore {
    let store = MemoryStore()
    let day = Mutex<UInt32>(20_757)  // 2026-10-31
    let ledger = UsageLedger(
      store: store, holder: 1, nowMicroseconds: { Int64(day.withLock { $0 }) * 86_400_000_000 })
    ledger.note(.requests, 3, app: AppID(1))
    try await ledger.write()
    day.withLock { $0 = 20_778 }
    ledger.note(.requests, 2, app: AppID(1))
    ledger.note(.feedUpdates, 9, app: AppID(1))
    ledger.noteUse(.storageBytes, 7, of: 8, app: AppID(1))
    try await ledger.write()
    let uploads = Uploads(store: store)
    let upload = Upload(
      id: try #require(UploadID(String(repeating: "a", count: 32))), kind: .file, name: "a", contentType: "text/plain",
      bytes: 7, owner: nil, createdAt: ActivityTime(microseconds: 1))
    _ = try await uploads.begin(upload, app: AppID(1), nowMilliseconds: 1)
    return store
  }

  @Test func aReportHasDaysStorageAndWarnings() async throws {
    let report = try await UsageReport(try request("--app", "1", "--from=2026-10-01"), try await used())
    #expect(
      report.document.description
        == #"{"app":1,"from":"2026-10-01","to":"2026-11-21","interval":"day","storage_bytes":7,"#
        + #""warnings":[{"limit":"storage_bytes","most":8,"used":7,"at":"2026-11-21T00:00:00.000000Z"}],"#
        + #""results":[{"time":"2026-10-31","requests":3,"feed_updates":0,"reactions":0},"#
        + #"{"time":"2026-11-21","requests":2,"feed_updates":9,"reactions":0}]}"#)
    #expect(
      report.text.split(separator: "\n") == [
        "2026-10-31  requests 3  feed_updates 0  reactions 0", "2026-11-21  requests 2  feed_updates 9  reactions 0",
        "its uploads have 7 bytes now",
        "2026-11-21T00:00:00.000000Z  80 % of storage_bytes were used: 7 of 8",
      ])
  }

  @Test func withoutDaysItIsTheMonthSoFar() async throws {
    let store = try await used()
    let report = try await UsageReport(try request("--app=1", "--interval", "month"), store)
    #expect(report.rows.map(\.time) == ["2026-11"])
    let other = try await UsageReport(try request("--app", "2"), store)
    #expect(other.rows.isEmpty && other.warnings.isEmpty && other.storageBytes == 0)
    #expect(other.text.hasPrefix("app 2 has used nothing from 2026-11-01 to 2026-11-21"))
  }

  @Test(arguments: [
    [], ["--app", "x"], ["--app", "0"], ["--app", "1", "more"], ["--app", "1", "--from", "yesterday"],
    ["--app", "1", "--from", "2026-11-22"], ["--app", "1", "--from", "2020-01-01"],
    ["--app", "1", "--interval", "hour"],
    ["--app", "1", "--output", "xml"],
  ])
  func misuseIsExplained(words: [String]) {
    #expect(throws: CommandOptions.Misuse.self) { try UsageRequest(words, today: Self.today) }
  }
}
