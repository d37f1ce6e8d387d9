/// The revocations that came ahead of the snapshot they belong to. A value without I/O: the watcher says what happens.
struct RevocationLedger {
  /// More than anybody revokes in the seconds until PostgreSQL has been asked; one more is left to that.
  static let entriesMax = 10_000

  private(set) var entries: [(revocation: Revocation, arrival: UInt64)] = []
  /// How many have been taken in: the mark to give to `confirm`.
  private(set) var arrivals: UInt64 = 0

  /// Takes in what came over Redis. `false` if there is no room.
  mutating func add(_ revocation: Revocation) -> Bool {
    guard entries.count < Self.entriesMax else { return false }
    arrivals += 1
    entries.append((revocation, arrivals))
    return true
  }

  /// PostgreSQL, asked after arrival number `mark`, is at `revision`. Gives those that it does not know although it must:
  /// they were published by no commit.
  mutating func confirm(revision: Int64, mark: UInt64) -> [Revocation] {
    let unfounded = entries.filter { $0.arrival <= mark && $0.revocation.revision > revision }
    entries.removeAll { $0.arrival <= mark || $0.revocation.revision <= revision }
    return unfounded.map(\.revocation)
  }

  /// `snapshot` under everything that came ahead of it.
  func applied(to snapshot: ConfigurationSnapshot) -> ConfigurationSnapshot {
    var snapshot = snapshot
    for entry in entries { snapshot.apply(entry.revocation) }
    return snapshot
  }
}
