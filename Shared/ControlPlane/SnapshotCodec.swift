import Model

/// A snapshot as bytes, for the copy on disk: a format number, then counts and length-prefixed texts, numbers big-endian.
///
/// It holds secrets in clear: only `SnapshotCache` writes it anywhere, sealed.
enum SnapshotCodec {
  static let format: UInt8 = 4
  /// Formats that are read: the current one and the one before.
  static let formats: ClosedRange<UInt8> = 3...4

  enum Failure: Error, Hashable, CustomStringConvertible {
    case unknownFormat(UInt8)
    case damaged
    var description: String {
      switch self {
      case .unknownFormat(let number): "format \(number) is not known to this version"
      case .damaged: "it ends early or holds what it should not"
      }
    }
  }

  static func encode(_ snapshot: ConfigurationSnapshot) -> [UInt8] {
    var out = Writer()
    out.bytes.append(format)
    out.number(UInt64(bitPattern: snapshot.revision))
    out.number(UInt64(snapshot.apps.count))
    for app in snapshot.apps.values.sorted(by: { $0.id < $1.id }) {
      out.number(UInt64(app.id.rawValue))
      out.text(app.name)
      out.flags([
        app.suspended, app.allowAnonymousRead, app.disableAuthChecks, app.personalizationEnabled, app.auditLogs,
        app.dataPrivacy, app.moderation, !app.openGraph,
      ])
      out.limits(app.requestLimits.perApp)
      out.limits(app.requestLimits.perUser)
      out.optional(app.usageLimits.feedUpdatesPerMonth.map { Int64($0) })
      out.optional(app.usageLimits.storageBytes.map { Int64($0) })
      out.texts(app.personalizationResources.sorted())
      out.number(UInt64(app.rules.count))
      for rule in app.rules { out.rule(rule) }
      out.texts([app.followCountsSource, app.followCountsTarget])
      out.number(UInt64(app.groups.count))
      for group in app.groups.values.sorted(by: { $0.slug < $1.slug }) {
        out.text(group.slug)
        out.text(group.kind.rawValue)
        out.text(group.policy.rawValue)
        out.flags([group.realtime, group.reaggregate])
        out.number(UInt64(group.pullAbove))
        out.texts(group.rankingDefault.map { [$0] } ?? [])
        out.texts(group.rankings.sorted { $0.key < $1.key }.flatMap { [$0.key, $0.value] })
        out.texts(group.aggregationFormat.map { [$0] } ?? [])
        out.number(UInt64(group.activitiesPerGroupMax))
      }
    }
    out.number(UInt64(snapshot.keys.count))
    for key in snapshot.keys.values.sorted(by: { $0.key < $1.key }) {
      out.text(key.key)
      out.number(UInt64(key.app.rawValue))
      out.optional(key.retiresAtMilliseconds)
      out.number(UInt64(key.secrets.count))
      for secret in key.secrets {
        out.blob(secret.bytes)
        out.optional(secret.retiresAtMilliseconds)
      }
    }
    return out.bytes
  }

  static func decode(_ bytes: [UInt8]) throws(Failure) -> ConfigurationSnapshot {
    var input = Reader(bytes: bytes)
    let number = try input.byte()
    guard formats.contains(number) else { throw .unknownFormat(number) }
    var snapshot = ConfigurationSnapshot(revision: Int64(bitPattern: try input.number()), apps: [:], keys: [:])
    for _ in 0..<(try input.count()) {
      let id = try input.app()
      let name = try input.text()
      let flags = try input.byte()
      let limits = RequestLimits(perApp: try input.limits(), perUser: try input.limits())
      var usageLimits = UsageLimits(feedUpdatesPerMonth: try input.optional().map { Int(clamping: $0) })
      if number >= 4 { usageLimits.storageBytes = try input.optional().map { Int(clamping: $0) } }
      let resources = try input.texts()
      var rules: [AccessRule] = []
      for _ in 0..<(try input.count()) { rules.append(try input.rule()) }
      let counted = try input.texts()
      guard counted.count == 2 else { throw .damaged }
      var groups: [FeedGroup] = []
      for _ in 0..<(try input.count()) { groups.append(try input.group()) }
      snapshot.apps[id] = AppConfiguration(
        id: id, name: name, suspended: flags & 1 != 0, groups: groups, allowAnonymousRead: flags & 2 != 0,
        disableAuthChecks: flags & 4 != 0, requestLimits: limits, usageLimits: usageLimits,
        personalizationEnabled: flags & 8 != 0,
        personalizationResources: Set(resources), auditLogs: flags & 16 != 0, dataPrivacy: flags & 32 != 0,
        moderation: flags & 64 != 0, openGraph: flags & 128 == 0, followCountsSource: counted[0],
        followCountsTarget: counted[1], rules: rules)
    }
    for _ in 0..<(try input.count()) {
      let key = try input.text()
      let app = try input.app()
      let retires = try input.optional()
      var secrets: [APIKey.Secret] = []
      for _ in 0..<(try input.count()) {
        secrets.append(APIKey.Secret(bytes: try input.blob(), retiresAtMilliseconds: try input.optional()))
      }
      snapshot.keys[key] = APIKey(key: key, app: app, secrets: secrets, retiresAtMilliseconds: retires)
    }
    guard input.isAtEnd else { throw .damaged }
    return snapshot
  }

  private struct Writer {
    var bytes: [UInt8] = []
    mutating func number(_ value: UInt64) {
      for shift in stride(from: 56, through: 0, by: -8) {
        bytes.append(UInt8(truncatingIfNeeded: value >> UInt64(shift)))
      }
    }
    mutating func blob(_ value: [UInt8]) {
      number(UInt64(value.count))
      bytes += value
    }
    mutating func text(_ value: String) { blob(Array(value.utf8)) }
    mutating func texts(_ values: [String]) {
      number(UInt64(values.count))
      for value in values { text(value) }
    }
    mutating func limits(_ limits: [RequestLimits.Window: [String: Int]]) {
      number(UInt64(limits.count))
      for (window, kinds) in limits.sorted(by: { $0.key.rawValue < $1.key.rawValue }) {
        bytes.append(window.rawValue)
        number(UInt64(kinds.count))
        for (kind, most) in kinds.sorted(by: { $0.key < $1.key }) {
          text(kind)
          number(UInt64(most))
        }
      }
    }
    mutating func flags(_ values: [Bool]) {
      bytes.append(values.enumerated().reduce(0) { $1.element ? $0 | 1 << $1.offset : $0 })
    }
    mutating func rule(_ rule: AccessRule) {
      for field in [rule.name, rule.effect.rawValue, rule.resource, rule.action] { text(field) }
      number(UInt64(bitPattern: Int64(rule.priority)))
      flags([rule.ownerOnly])
      number(UInt64(rule.groups.count))
      for group in rule.groups { text(group) }
    }
    mutating func optional(_ value: Int64?) {
      bytes.append(value == nil ? 0 : 1)
      if let value { number(UInt64(bitPattern: value)) }
    }
  }

  private struct Reader {
    let bytes: [UInt8]
    var offset = 0
    var isAtEnd: Bool { offset == bytes.count }

    init(bytes: [UInt8]) { self.bytes = bytes }

    mutating func byte() throws(Failure) -> UInt8 {
      guard offset < bytes.count else { throw .damaged }
      offset += 1
      return bytes[offset - 1]
    }
    mutating func number() throws(Failure) -> UInt64 {
      guard bytes.count - offset >= 8 else { throw .damaged }
      offset += 8
      return bytes[(offset - 8)..<offset].reduce(0) { $0 << 8 | UInt64($1) }
    }
    /// A count of things that each take at least a byte, so that a damaged one cannot ask for much.
    mutating func count() throws(Failure) -> Int {
      let value = try number()
      guard value <= UInt64(bytes.count - offset) else { throw .damaged }
      return Int(value)
    }
    mutating func blob() throws(Failure) -> [UInt8] {
      let length = try count()
      offset += length
      return Array(bytes[(offset - length)..<offset])
    }
    mutating func text() throws(Failure) -> String {
      guard let text = String(validating: try blob(), as: UTF8.self) else { throw .damaged }
      return text
    }
    mutating func optional() throws(Failure) -> Int64? {
      switch try byte() {
      case 0: return nil
      case 1: return Int64(bitPattern: try number())
      default: throw .damaged
      }
    }
    mutating func rule() throws(Failure) -> AccessRule {
      let name = try text()
      guard let effect = AccessRule.Effect(rawValue: try text()) else { throw .damaged }
      let resource = try text()
      let action = try text()
      let priority = Int(Int64(bitPattern: try number()))
      let ownerOnly = try byte() & 1 != 0
      var groups: [String] = []
      for _ in 0..<(try count()) { groups.append(try text()) }
      return AccessRule(
        name: name, priority: priority, effect: effect, resource: resource, action: action, groups: groups,
        ownerOnly: ownerOnly)
    }
    mutating func app() throws(Failure) -> AppID {
      guard let number = UInt32(exactly: try number()) else { throw .damaged }
      return AppID(number)
    }
    mutating func group() throws(Failure) -> FeedGroup {
      let slug = try text()
      guard let kind = FeedGroup.Kind(rawValue: try text()), let policy = FeedGroup.Policy(rawValue: try text()) else {
        throw .damaged
      }
      let flags = try byte()
      guard let pullAbove = Int(exactly: try number()) else { throw .damaged }
      var group = FeedGroup(slug: slug, kind: kind, policy: policy, realtime: flags & 1 != 0, pullAbove: pullAbove)
      group.rankingDefault = try texts().first
      let pairs = try texts()
      guard pairs.count % 2 == 0 else { throw .damaged }
      for index in stride(from: 0, to: pairs.count, by: 2) { group.rankings[pairs[index]] = pairs[index + 1] }
      group.reaggregate = flags & 2 != 0
      group.aggregationFormat = try texts().first
      guard let shown = Int(exactly: try number()) else { throw .damaged }
      group.activitiesPerGroupMax = shown
      return group
    }
    mutating func texts() throws(Failure) -> [String] {
      var texts: [String] = []
      for _ in 0..<(try count()) { texts.append(try text()) }
      return texts
    }
    mutating func limits() throws(Failure) -> [RequestLimits.Window: [String: Int]] {
      var limits: [RequestLimits.Window: [String: Int]] = [:]
      for _ in 0..<(try count()) {
        guard let window = RequestLimits.Window(rawValue: try byte()) else { throw .damaged }
        for _ in 0..<(try count()) {
          let kind = try text()
          guard let most = Int(exactly: try number()) else { throw .damaged }
          limits[window, default: [:]][kind] = most
        }
      }
      return limits
    }
  }
}
