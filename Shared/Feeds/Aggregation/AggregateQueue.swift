import KeevoClient
import Synchronization

/// Folds the changes that wait for one feed into one conditional write (B15): while a write of the feed is on its way, what
/// comes in meanwhile gathers, and goes with the next.
final class AggregateQueue: Sendable {
  struct Key: Hashable, Sendable {
    var app: UInt32
    var feed: [UInt8]
  }

  /// Changes of one caller, and who wants to know what became of them.
  struct Ticket: Sendable {
    var changes: [AggregateWork]
    var done: @Sendable (Result<[AggregateOutcome], StoreError>) -> Void
  }

  /// Changes that may wait for one feed.
  static let waitingMax = 20_000

  private struct Lane {
    var tickets: [Ticket] = []
    var waiting = 0
  }

  private let lanes = Mutex<[Key: Lane]>([:])

  enum Joined: Sendable { case leads, waits, full }

  /// Leaves changes to whoever writes the feed; `leads` if nobody does any more.
  func join(_ key: Key, _ ticket: Ticket) -> Joined {
    lanes.withLock { lanes in
      guard var lane = lanes[key] else {
        lanes[key] = Lane()
        return .leads
      }
      guard lane.waiting + ticket.changes.count <= Self.waitingMax else { return .full }
      lane.tickets.append(ticket)
      lane.waiting += ticket.changes.count
      lanes[key] = lane
      return .waits
    }
  }

  /// What has gathered, up to some number of changes but at least one ticket; empty once nothing is left, and then the feed
  /// is free.
  func next(_ key: Key, changesMax: Int) -> [Ticket] {
    lanes.withLock { lanes in
      guard var lane = lanes[key] else { return [] }
      if lane.tickets.isEmpty {
        lanes[key] = nil
        return []
      }
      var taken: [Ticket] = []
      var changes = 0
      while let first = lane.tickets.first, taken.isEmpty || changes + first.changes.count <= changesMax {
        changes += first.changes.count
        taken.append(first)
        lane.tickets.removeFirst()
      }
      lane.waiting -= changes
      lanes[key] = lane
      return taken
    }
  }
}

/// A change with the moment after which it may not be written any more (B9).
struct AggregateWork: Sendable {
  var change: AggregateChange
  var notAfterMilliseconds: UInt64 = .max
  /// What else must hold in the feed's partition: that the job which makes the change is still its holder's (B17).
  var condition: Condition?

  var isEntering: Bool {
    if case .enter = change { true } else { false }
  }
}

enum AggregateOutcome: Sendable {
  case done
  /// It would have been written too late: what showed that it may be must be read anew.
  case late
  /// Its condition does not hold: it was not made, and another makes it.
  case refused
}
