import Jobs
import KeevoClient
import Model

/// What a change brings into other partitions than its own: an entry of the audit log (feeds S2), and where the activity is found
/// by its actor (feeds 2.17). It lies in a job in the sub-batch of the change, so that it is as durable as that. Format 1.
struct ChangeNote: Hashable, Sendable {
  var entry: AuditEntry?
  var activity: ActorRow?

  /// An activity and its actor.
  struct ActorRow: Hashable, Sendable {
    var id: ActivityID
    var actor: String
  }

  init(entry: AuditEntry?, activity: ActorRow? = nil) {
    self.entry = entry
    self.activity = activity
  }

  var encoded: [UInt8] {
    var out = ByteWriter()
    out.integer(UInt8(1))
    out.short(entry?.encoded ?? [])
    out.integer(UInt8(activity == nil ? 0 : 1))
    if let activity {
      out.activity(activity.id)
      out.short(activity.actor.utf8)
    }
    return out.bytes
  }

  init(_ bytes: [UInt8]) throws(FormatError) {
    var reader = ByteReader(bytes)
    _ = try reader.format(1...1)
    let entry = try reader.short()
    self.entry = entry.isEmpty ? nil : try AuditEntry(entry)
    if try reader.integer(UInt8.self) & 1 == 1 {
      activity = ActorRow(id: try reader.activity(), actor: String(decoding: try reader.short(), as: UTF8.self))
    }
  }

  /// The job that carries it.
  func job(holder: UInt64, _ nowMilliseconds: UInt64, _ traceID: [UInt8]) -> JobRecord {
    JobRecord(
      kind: .audit, holder: holder, madeAtMilliseconds: nowMilliseconds, traceID: traceID, payload: encoded)
  }
}
