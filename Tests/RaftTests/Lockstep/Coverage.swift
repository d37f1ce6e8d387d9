import Raft

/// What schedules have led to. A lockstep of nodes that never elect anybody would be equal, too.
struct Coverage {
  private(set) var counts: [String: Int] = [:]

  mutating func note(_ event: String, _ times: Int = 1) { counts[event, default: 0] += times }

  mutating func note(before: CoreView, after: CoreView, ready: Ready) {
    if before.role != .leader, after.role == .leader { note("leader elected") }
    if before.role == .leader, after.role != .leader { note("leader stepped down") }
    if ready.membership != nil { note("membership changed") }
    if ready.write?.install != nil { note("snapshot installed") }
    if let first = ready.write?.entries.first, first.index <= before.lastIndex { note("log replaced") }
    if let refused = ready.refused { note("refused \(String(describing: refused).prefix { $0 != "(" })") }
    if let ignored = ready.ignored { note("ignored \(ignored)") }
    note("entry committed", Int(after.commitIndex - before.commitIndex))
    for message in ready.messages { note("sent \(String(describing: message.message.body).prefix { $0 != "(" })") }
    note("read answered", ready.reads.count { $0.index != nil })
    note("read refused", ready.reads.count { $0.index == nil })
  }

  mutating func add(_ other: Coverage) { counts.merge(other.counts) { $0 + $1 } }

  var description: String { counts.sorted { $0.key < $1.key }.map { "\($0.key): \($0.value)" }.joined(separator: "\n") }
}
