import EventLoop
import Model
import PubSub
import Telemetry
import Testing

@testable import ControlPlane

@Suite struct RevocationTests {
  static let ours = AppID(3)
  static let theirs = AppID(4)

  /// Revision 7 with a key of each of two apps, the first with a primary secret and one in its overlap.
  static var snapshot: ConfigurationSnapshot {
    ConfigurationSnapshot(
      revision: 7,
      apps: [
        ours: AppConfiguration(id: ours, name: "ours", groups: []),
        theirs: AppConfiguration(id: theirs, name: "theirs", groups: []),
      ],
      keys: [
        "ourkey": APIKey(
          key: "ourkey", app: ours, secrets: [.init(bytes: [2]), .init(bytes: [1], retiresAtMilliseconds: 900)]),
        "theirkey": APIKey(key: "theirkey", app: theirs, secrets: [.init(bytes: [3])]),
      ])
  }

  static func revoke(_ key: String, _ app: AppID = ours, revision: Int64 = 8) -> Revocation {
    Revocation(app: app, revision: revision, subject: .key(key, endsAtMilliseconds: Revocation.now))
  }

  // MARK: Messages

  @Test func goldenBytesOfFormatOne() {
    let golden: [(Revocation, String)] = [
      (Self.revoke("ourkey"), #"{"format":1,"app":3,"revision":8,"ends":"key","key":"ourkey","at":0}"#),
      (
        Revocation(app: Self.ours, revision: 9, subject: .secrets(ofKey: "ourkey", endAtMilliseconds: 500)),
        #"{"format":1,"app":3,"revision":9,"ends":"secrets","key":"ourkey","at":500}"#
      ),
      (
        Revocation(app: Self.theirs, revision: 10, subject: .app),
        #"{"format":1,"app":4,"revision":10,"ends":"app"}"#
      ),
    ]
    for (revocation, text) in golden {
      #expect(String(decoding: revocation.message, as: UTF8.self) == text)
      #expect(Revocation(message: Array(text.utf8)) == revocation)
    }
  }

  @Test(arguments: [
    "", "[]", "{}", #"{"format":2,"app":3,"revision":8,"ends":"app"}"#,
    #"{"format":1,"app":-3,"revision":8,"ends":"app"}"#, #"{"format":1,"app":3,"ends":"app"}"#,
    #"{"format":1,"app":3,"revision":8,"ends":"world"}"#, #"{"format":1,"app":3,"revision":8,"ends":"key","at":1}"#,
    #"{"format":1,"app":3,"revision":8,"ends":"app","x":""# + String(repeating: "x", count: 2_000) + "\"}",
  ])
  func whatIsNoMessageIsNotRead(_ text: String) { #expect(Revocation(message: Array(text.utf8)) == nil) }

  // MARK: What they do to a snapshot

  @Test func aRevokedKeyRetiresAndNoOtherDoes() {
    var snapshot = Self.snapshot
    snapshot.apply(Self.revoke("ourkey"))
    #expect(snapshot.keys["ourkey"]?.retiresAtMilliseconds == 0)
    #expect(snapshot.keys["theirkey"] == Self.snapshot.keys["theirkey"])
    #expect(snapshot.apps == Self.snapshot.apps)
  }

  @Test func aRevocationCannotNameTheKeyOfAnotherApp() {
    var snapshot = Self.snapshot
    snapshot.apply(Self.revoke("theirkey"))
    snapshot.apply(
      Revocation(app: Self.ours, revision: 8, subject: .secrets(ofKey: "theirkey", endAtMilliseconds: 0)))
    #expect(snapshot == Self.snapshot)
  }

  @Test func aRotationEndsOlderSecretsAndLimitsThePrimary() {
    var snapshot = Self.snapshot
    snapshot.apply(
      Revocation(app: Self.ours, revision: 8, subject: .secrets(ofKey: "ourkey", endAtMilliseconds: 500)))
    #expect(snapshot.keys["ourkey"]?.secrets == [.init(bytes: [2], retiresAtMilliseconds: 500)])
    #expect(snapshot.keys["ourkey"]?.retiresAtMilliseconds == nil)
  }

  @Test func anEarlierEndIsNeverPutOff() {
    var snapshot = Self.snapshot
    snapshot.apply(Self.revoke("ourkey"))
    snapshot.apply(
      Revocation(app: Self.ours, revision: 9, subject: .key("ourkey", endsAtMilliseconds: 1_000)))
    #expect(snapshot.keys["ourkey"]?.retiresAtMilliseconds == 0)
  }

  @Test func aSuspensionIsOfOneApp() {
    var snapshot = Self.snapshot
    snapshot.apply(Revocation(app: Self.theirs, revision: 8, subject: .app))
    #expect(snapshot.apps[Self.theirs]?.suspended == true)
    #expect(snapshot.apps[Self.ours]?.suspended == false)
  }

  @Test func whatTheSnapshotAlreadyHoldsIsNotAppliedAgain() {
    var snapshot = Self.snapshot
    snapshot.apply(Self.revoke("ourkey", revision: 7))
    #expect(snapshot == Self.snapshot)
  }

  // MARK: The ledger

  @Test func aRevocationLivesUntilTheRevisionItBelongsToIsThere() {
    var ledger = RevocationLedger()
    let taken = ledger.add(Self.revoke("ourkey", revision: 9))
    #expect(taken)
    let mark = ledger.arrivals
    // Asked before it came, PostgreSQL cannot know it.
    let early = ledger.confirm(revision: 8, mark: mark - 1)
    #expect(early.isEmpty)
    #expect(ledger.applied(to: Self.snapshot).keys["ourkey"]?.retiresAtMilliseconds == 0)
    let unfounded = ledger.confirm(revision: 9, mark: mark - 1)
    #expect(unfounded.isEmpty)
    #expect(ledger.entries.isEmpty)
  }

  @Test func whatNoCommitPublishedIsUndone() {
    var ledger = RevocationLedger()
    let forged = Self.revoke("ourkey", revision: 99)
    _ = ledger.add(forged)
    let unfounded = ledger.confirm(revision: 8, mark: ledger.arrivals)
    #expect(unfounded == [forged])
    #expect(ledger.applied(to: Self.snapshot) == Self.snapshot)
  }

  @Test func theLedgerIsBounded() {
    var ledger = RevocationLedger()
    for _ in 0..<RevocationLedger.entriesMax { _ = ledger.add(Self.revoke("ourkey")) }
    let taken = ledger.add(Self.revoke("ourkey"))
    #expect(!taken)
    #expect(ledger.entries.count == RevocationLedger.entriesMax)
  }

  // MARK: The watcher

  /// A watcher that serves `snapshot` from disk and reaches no PostgreSQL.
  private func watcher(_ folder: TemporaryFolder, metrics: Metrics = Metrics()) async throws -> ConfigurationWatcher {
    let key = try MasterKey.load(path: folder.file("master.key"))
    let cache = SnapshotCache(path: folder.file("config.snapshot"), masterKey: key)
    if try cache.load() == nil { try cache.store(Self.snapshot) }
    return try await ConfigurationWatcherTests.start(folder, metrics: metrics)
  }

  @Test func aKeyEndsTheMomentItIsPublishedWithoutPostgres() async throws {
    let folder = try TemporaryFolder()
    let metrics = Metrics()
    let watcher = try await watcher(folder, metrics: metrics)
    let pubSub = MemoryPubSub()
    watcher.listen(to: pubSub)
    let before = watcher.current
    pubSub.publish(Self.revoke("ourkey").message, to: Revocation.channel)
    let after = watcher.current
    #expect(after.keys["ourkey"]?.retiresAtMilliseconds == 0)
    #expect(after.keys["theirkey"]?.retiresAtMilliseconds == nil)
    #expect(after.revision == before.revision && after.edition != before.edition)
    #expect(metrics.counter("millrace_config_revocations_total").value == 1)
    await watcher.stop()
  }

  @Test func aStartWithoutPostgresDoesNotBringARevokedKeyBack() async throws {
    let folder = try TemporaryFolder()
    let first = try await watcher(folder)
    let pubSub = MemoryPubSub()
    first.listen(to: pubSub)
    pubSub.publish(Self.revoke("ourkey").message, to: Revocation.channel)
    let key = try MasterKey.load(path: folder.file("master.key"))
    let cache = SnapshotCache(path: folder.file("config.snapshot"), masterKey: key)
    #expect(
      await ConfigurationWatcherTests.comesTrue {
        (try? cache.load())?.keys["ourkey"]?.retiresAtMilliseconds == 0
      })
    await first.stop()
    let second = try await watcher(folder)
    #expect(second.current.keys["ourkey"]?.retiresAtMilliseconds == 0)
    #expect(second.current.keys["theirkey"]?.retiresAtMilliseconds == nil)
    await second.stop()
  }

  @Test func rubbishOnTheChannelIsCountedAndChangesNothing() async throws {
    let folder = try TemporaryFolder()
    let metrics = Metrics()
    let watcher = try await watcher(folder, metrics: metrics)
    let pubSub = MemoryPubSub()
    watcher.listen(to: pubSub)
    pubSub.publish(Array("rubbish".utf8), to: Revocation.channel)
    pubSub.publish(Self.revoke("ourkey").message, to: "another channel")
    #expect(watcher.current == Self.snapshot)
    #expect(metrics.counter("millrace_config_revocations_unreadable_total").value == 1)
    await watcher.stop()
  }

  // MARK: Use of keys

  @Test func aKeysUseIsToldAtMostOnceAMinute() {
    var keys = KeysInUse()
    keys.note("ourkey", app: Self.ours, atMilliseconds: 1_000)
    keys.note("ourkey", app: Self.ours, atMilliseconds: 2_000)
    let first = keys.untold
    #expect(first == ["ourkey": .init(app: Self.ours, atMilliseconds: 2_000)])
    // Used again while the report is on its way: the newer use is not lost.
    keys.note("ourkey", app: Self.ours, atMilliseconds: 3_000)
    keys.told(first)
    #expect(keys.untold["ourkey"]?.atMilliseconds == 3_000)
    keys.told(keys.untold)
    keys.note("ourkey", app: Self.ours, atMilliseconds: 62_999)
    #expect(keys.untold.isEmpty)
    keys.note("ourkey", app: Self.ours, atMilliseconds: 63_000)
    #expect(keys.untold.count == 1)
  }
}
