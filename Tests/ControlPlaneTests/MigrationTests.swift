import Testing

@testable import ControlPlane

@Suite struct MigrationTests {
  static let one = Migration(version: 1, name: "one", sql: "CREATE TABLE one ()")
  static let two = Migration(version: 2, name: "two", sql: "CREATE TABLE two ()")
  static let three = Migration(version: 3, name: "three", sql: "CREATE TABLE three ()")

  static func applied(_ migration: Migration) -> Migrator.Applied {
    Migrator.Applied(version: migration.version, checksum: migration.checksum)
  }

  @Test func anEmptyDatabaseGetsAllInOrder() throws {
    let pending = try Migrator.pending([Self.three, Self.one, Self.two], applied: [])
    #expect(pending.map(\.version) == [1, 2, 3])
  }

  @Test func onlyWhatIsMissingRuns() throws {
    let pending = try Migrator.pending(
      [Self.one, Self.two, Self.three], applied: [Self.applied(Self.one), Self.applied(Self.two)])
    #expect(pending.map(\.version) == [3])
    #expect(try Migrator.pending([Self.one], applied: [Self.applied(Self.one)]).isEmpty)
  }

  @Test func aMigrationChangedAfterItRanIsRefused() {
    let edited = Migration(version: 1, name: "one", sql: Self.one.sql + " ")
    #expect(throws: Migrator.Failure.changed(version: 1, name: "one")) {
      try Migrator.pending([edited, Self.two], applied: [Self.applied(Self.one)])
    }
  }

  @Test func aDatabaseOfANewerVersionIsRefused() {
    #expect(throws: Migrator.Failure.databaseIsNewer(version: 2)) {
      try Migrator.pending([Self.one], applied: [Self.applied(Self.one), Self.applied(Self.two)])
    }
  }

  @Test func versionsCountUpFromOneWithoutGaps() {
    #expect(Migration.all.map(\.version) == Array(1...Migration.all.count))
  }

  /// What has been released never changes: add a migration instead, and its line here.
  @Test func releasedMigrationsKeepTheirText() {
    #expect(Migration.all.map(\.checksum) == ["a3d58f3394d621dc6eab2602436862ff7b30c87ebc1c74fe8a6dcfed83de1347"])
  }

  @Test func whetherTryingAgainCanHelpIsKnown() {
    #expect(Migrator.Failure.postgres(.connectionFailed("no such host")).isPassing)
    #expect(!Migrator.Failure.postgres(.server(state: "42501", message: "permission denied")).isPassing)
    #expect(!Migrator.Failure.databaseIsNewer(version: 9).isPassing)
  }
}
