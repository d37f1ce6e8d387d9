import Model

/// When keys were last used, as this process has seen it, and what of that PostgreSQL has yet to hear: at most once a
/// minute for each key (insight D25).
struct KeysInUse {
  static let everyMilliseconds: Int64 = 60_000

  private var told: [String: Int64] = [:]
  private(set) var untold: [String: Use] = [:]

  struct Use: Hashable, Sendable {
    var app: AppID
    var atMilliseconds: Int64
  }

  /// Keys come from requests that were verified, so there are never more than the configuration holds.
  mutating func note(_ key: String, app: AppID, atMilliseconds now: Int64) {
    if let last = told[key], now - last < Self.everyMilliseconds { return }
    untold[key] = Use(app: app, atMilliseconds: now)
  }

  mutating func told(_ uses: [String: Use]) {
    for (key, use) in uses {
      told[key] = use.atMilliseconds
      if untold[key] == use { untold[key] = nil }
    }
  }
}
