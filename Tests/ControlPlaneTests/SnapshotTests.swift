import Foundation
import JSON
import Model
import Testing

@testable import ControlPlane

@Suite struct SnapshotTests {
  static let small = ConfigurationSnapshot(
    revision: 7,
    apps: [
      AppID(3): AppConfiguration(
        id: AppID(3), name: "dé", suspended: true,
        groups: [
          FeedGroup(
            slug: "user", kind: .flat, policy: .publicRead, realtime: false, pullAbove: 9,
            aggregationFormat: "{{a }}", activitiesPerGroupMax: 7, rankings: ["a": "{}"], rankingDefault: "a")
        ],
        allowAnonymousRead: true, disableAuthChecks: false,
        requestLimits: RequestLimits(perApp: [.quarter: ["*": 5]], perUser: [.hour: ["b": 6]]),
        usageLimits: UsageLimits(feedUpdatesPerMonth: 258, storageBytes: 5),
        personalizationEnabled: true, personalizationResources: ["p"], dataPrivacy: false, moderation: true,
        followCountsSource: "s", followCountsTarget: "t",
        rules: [AccessRule(name: "r", priority: -2, effect: .deny, resource: "feed", action: "*", groups: ["g"])])
    ],
    keys: [
      "abc": APIKey(
        key: "abc", app: AppID(3),
        secrets: [.init(bytes: [1, 2]), .init(bytes: [3], retiresAtMilliseconds: 5)], retiresAtMilliseconds: -1)
    ])

  static func random(seed: UInt64) -> ConfigurationSnapshot {
    var generator = SeededGenerator(seed: seed)
    func number(_ most: Int) -> Int { Int.random(in: 0...most, using: &generator) }
    func text() -> String {
      String((0..<number(12)).map { _ in ["a", "é", "日", "_", "\n"].randomElement(using: &generator) ?? "a" }.joined())
    }
    var snapshot = ConfigurationSnapshot(revision: Int64(number(1 << 40)), apps: [:], keys: [:])
    for _ in 0..<number(5) {
      let id = AppID(UInt32(number(1_000)))
      let groups = (0..<number(6)).map { index in
        FeedGroup(
          slug: "g\(index)", kind: FeedGroup.Kind.allCases[number(2)], policy: FeedGroup.Policy.allCases[number(3)],
          realtime: number(1) == 0, pullAbove: number(1 << 30), aggregationFormat: number(1) == 0 ? nil : text(),
          activitiesPerGroupMax: number(100), reaggregate: number(1) == 0,
          rankings: Dictionary((0..<number(3)).map { _ in (text(), text()) }, uniquingKeysWith: { $1 }),
          rankingDefault: number(1) == 0 ? nil : text())
      }
      func limits() -> [RequestLimits.Window: [String: Int]] {
        Dictionary(
          (0..<number(3)).map { _ in (RequestLimits.Window.allCases[number(2)], ["k\(number(9))": number(1 << 40)]) },
          uniquingKeysWith: { $1 })
      }
      snapshot.apps[id] = AppConfiguration(
        id: id, name: text(), suspended: number(1) == 0, groups: groups, allowAnonymousRead: number(1) == 0,
        disableAuthChecks: number(1) == 0, requestLimits: RequestLimits(perApp: limits(), perUser: limits()),
        usageLimits: UsageLimits(
          feedUpdatesPerMonth: number(1) == 0 ? nil : number(1 << 40),
          storageBytes: number(1) == 0 ? nil : number(1 << 40)),
        personalizationEnabled: number(1) == 0, personalizationResources: Set((0..<number(3)).map { _ in text() }),
        auditLogs: number(1) == 0, dataPrivacy: number(1) == 0, moderation: number(1) == 0, openGraph: number(1) == 0,
        followCountsSource: text(), followCountsTarget: text(),
        rules: (0..<number(3)).map { _ in
          AccessRule(
            name: text(), priority: number(9) - 5, effect: number(1) == 0 ? .allow : .deny, resource: text(),
            action: text(), groups: (0..<number(2)).map { _ in text() }, ownerOnly: number(1) == 0)
        })
    }
    for index in 0..<number(8) {
      let secrets = (0..<(1 + number(1))).map { _ in
        APIKey.Secret(
          bytes: (0..<number(64)).map { _ in UInt8(number(255)) },
          retiresAtMilliseconds: number(1) == 0 ? nil : Int64(number(1 << 45)))
      }
      snapshot.keys["key\(index)"] = APIKey(key: "key\(index)", app: AppID(UInt32(number(9))), secrets: secrets)
    }
    return snapshot
  }

  @Test(arguments: 1...100)
  func everySnapshotComesBackAsItWas(seed: Int) throws {
    let snapshot = Self.random(seed: UInt64(seed))
    #expect(try SnapshotCodec.decode(SnapshotCodec.encode(snapshot)) == snapshot, "seed \(seed)")
  }

  private static func golden(format: String, usage: String) -> String {
    format + "0000000000000007" + "0000000000000001" + "0000000000000003" + "0000000000000003" + "64c3a9" + "5b"
      + "0000000000000001" + "0f" + "0000000000000001" + "0000000000000001" + "2a" + "0000000000000005"
      + "0000000000000001" + "3c" + "0000000000000001" + "0000000000000001" + "62" + "0000000000000006" + usage
      + "0000000000000001" + "0000000000000001" + "70"
      + "0000000000000001" + "0000000000000001" + "72" + "0000000000000004" + "64656e79"
      + "0000000000000004" + "66656564"
      + "0000000000000001" + "2a" + "fffffffffffffffe" + "00" + "0000000000000001" + "0000000000000001" + "67"
      + "0000000000000002" + "0000000000000001" + "73" + "0000000000000001" + "74"
      + "0000000000000001" + "0000000000000004" + "75736572" + "0000000000000004" + "666c6174" + "000000000000000b"
      + "7075626c69635f72656164" + "00" + "0000000000000009" + "0000000000000001" + "0000000000000001" + "61"
      + "0000000000000002" + "0000000000000001" + "61" + "0000000000000002" + "7b7d" + "0000000000000001"
      + "0000000000000006" + "7b7b61207d7d" + "0000000000000007" + goldenKeys
  }

  /// The format on disk: a change of these bytes needs a new format number.
  @Test func goldenBytesOfFormatFour() {
    #expect(
      Hexadecimal.text(SnapshotCodec.encode(Self.small))
        == Self.golden(format: "04", usage: Self.updates + "01" + "0000000000000005"))
  }

  /// 258 feed updates a month.
  private static let updates = "01" + "0000000000000102"

  private static let goldenKeys =
    "0000000000000001" + "0000000000000003" + "616263"
    + "0000000000000003" + "01ffffffffffffffff" + "0000000000000002" + "0000000000000002" + "0102" + "00"
    + "0000000000000001" + "03" + "010000000000000005"

  /// What the version before wrote is read: a service starts from its copy on disk after an upgrade.
  @Test func formatThreeIsStillRead() throws {
    let old = try SnapshotCodec.decode(
      try #require(Hexadecimal.bytes(Self.golden(format: "03", usage: Self.updates)[...])))
    var expected = Self.small
    expected.apps[AppID(3)]?.usageLimits = UsageLimits(feedUpdatesPerMonth: 258)
    #expect(old == expected)
  }

  @Test func damagedBytesAreRefusedAtEveryLength() {
    let bytes = SnapshotCodec.encode(Self.small)
    for length in bytes.indices {
      #expect(throws: SnapshotCodec.Failure.self) { try SnapshotCodec.decode(Array(bytes[..<length])) }
    }
    #expect(throws: SnapshotCodec.Failure.damaged) { try SnapshotCodec.decode(bytes + [0]) }
    #expect(throws: SnapshotCodec.Failure.unknownFormat(5)) { try SnapshotCodec.decode([5] + bytes.dropFirst()) }
    #expect(throws: SnapshotCodec.Failure.unknownFormat(2)) { try SnapshotCodec.decode([2] + bytes.dropFirst()) }
  }

  @Test func anyChangedByteIsRefusedOrReadWithoutHarm() {
    let bytes = SnapshotCodec.encode(Self.small)
    for index in bytes.indices {
      for value in [0, 1, 0x7F, 0xFF] as [UInt8] {
        var changed = bytes
        changed[index] = value
        _ = try? SnapshotCodec.decode(changed)
      }
    }
  }

  @Test func requestLimitsAreReadFromTheSettings() throws {
    let document = try JSONValue(
      parsing:
        #"{"requests_per_minute":{"*":9,"add_activities":null},"requests_per_60_minutes":{"follow":1},"storage_bytes":3,"per_user":{"requests_per_15_minutes":{"read_feed":2}}}"#
    )
    #expect(
      SnapshotLoader.requestLimits(document)
        == RequestLimits(
          perApp: [.minute: ["*": 9], .hour: ["follow": 1]], perUser: [.quarter: ["read_feed": 2]]))
    #expect(SnapshotLoader.requestLimits(nil) == RequestLimits())
  }

  @Test func theCopyOnDiskIsSealedAndReadableByItsOwnerOnly() throws {
    let folder = try TemporaryFolder()
    let key = try MasterKey.load(path: folder.file("master.key"))
    let cache = SnapshotCache(path: folder.file("config.snapshot"), masterKey: key)
    #expect(try cache.load() == nil)
    var snapshot = Self.small
    let secret = Array("a-secret-that-must-not-lie-there-in-clear".utf8)
    snapshot.keys["abc"]?.secrets[0].bytes = secret
    try cache.store(snapshot)
    try cache.store(snapshot)
    #expect(try cache.load() == snapshot)
    let path = folder.file("config.snapshot")
    #expect(try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int == 0o600)
    let bytes = try #require(FileBytes.read(path: path, bytesMax: 1 << 20))
    #expect(!bytes.indices.contains { bytes[$0...].starts(with: secret) })
    #expect(
      try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted() == ["config.snapshot", "master.key"])
  }

  @Test func aCopyChangedOnDiskOrOfAnotherMasterKeyIsRefused() throws {
    let cache = SnapshotCache(path: "", masterKey: try MasterKey(text: MasterKeyTests.old))
    let bytes = try cache.encode(Self.small)
    #expect(try cache.decode(bytes) == Self.small)
    for index in bytes.indices {
      var changed = bytes
      changed[index] ^= 1
      #expect(throws: SnapshotCache.Failure.self) { try cache.decode(changed) }
      #expect(throws: SnapshotCache.Failure.self) { try cache.decode(Array(bytes[..<index])) }
    }
    let other = SnapshotCache(path: "", masterKey: try MasterKey(text: MasterKeyTests.new))
    #expect(throws: SnapshotCache.Failure.self) { try other.decode(bytes) }
  }

  @Test func secretsDoNotShowInDescriptions() {
    let secret = APIKey.Secret(bytes: Array("hunter2".utf8))
    let key = APIKey(key: "abc", app: AppID(1), secrets: [secret])
    for text in ["\(secret)", "\(key)", String(reflecting: key)] {
      #expect(!text.contains("hunter2") && !text.contains("104"), "\(text)")
    }
  }
}
