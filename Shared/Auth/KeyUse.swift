import Synchronization

/// Says when a key's use is worth telling: not with every request, since what it is told to keeps a minute's resolution.
final class KeyUse: Sendable {
  static let everyMilliseconds: Int64 = 10_000

  let key: String
  private let toldAtMilliseconds = Atomic<Int64>(.min)

  init(key: String) { self.key = key }

  /// Whether this use is to be told; then the next is in ten seconds.
  func isDue(nowMilliseconds now: Int64) -> Bool {
    let told = toldAtMilliseconds.load(ordering: .relaxed)
    guard told == .min || now - told >= Self.everyMilliseconds || now < told else { return false }
    return toldAtMilliseconds.compareExchange(expected: told, desired: now, ordering: .relaxed).exchanged
  }
}
