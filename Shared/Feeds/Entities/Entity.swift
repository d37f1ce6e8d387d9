import JSON
import Jobs
import KeevoClient
import Model

/// A user or a collection object as stored: JSON ready to be spliced into an answer, its `data` byte for byte as sent
/// (feeds 2.10, 2.11, C9a).
public struct Entity: Hashable, Sendable {
  public var createdAt: ActivityTime
  public var updatedAt: ActivityTime
  /// Who may change an object besides servers (feeds O6, P8); `nil`: nobody. Users have none: their id says it.
  public var owner: String?
  /// The whole object, in the order of 2.10 and 2.11.
  public var body: [UInt8]

  init(_ name: EntityName, data: [UInt8], owner: String?, createdAt: ActivityTime, updatedAt: ActivityTime) {
    self.createdAt = createdAt
    self.updatedAt = updatedAt
    self.owner = owner
    var writer = JSONWriter(reserving: data.count + 256)
    writer.splice(#"{"id":"#)
    writer.string(name.id)
    if case .object(let collection, let id) = name {
      writer.splice(#","collection":"#)
      writer.string(collection)
      writer.splice(#","foreign_id":"#)
      writer.string("\(collection):\(id)")
    }
    writer.splice(#","data":"#)
    writer.splice(data)
    writer.splice(#","created_at":""#)
    createdAt.append(to: &writer.bytes, zone: true)
    writer.splice(#"","updated_at":""#)
    updatedAt.append(to: &writer.bytes, zone: true)
    writer.splice(#""}"#)
    body = writer.bytes
  }

  /// Format 1: both times, the owner's id (empty: none), the body.
  func encoded() -> [UInt8] {
    var out = ByteWriter()
    out.integer(UInt8(1))
    out.integer(createdAt.microseconds)
    out.integer(updatedAt.microseconds)
    out.short((owner ?? "").utf8)
    out.long(body)
    return out.bytes
  }

  init(_ bytes: [UInt8]) throws(FormatError) {
    var reader = ByteReader(bytes)
    _ = try reader.format(1...1)
    createdAt = ActivityTime(microseconds: try reader.integer())
    updatedAt = ActivityTime(microseconds: try reader.integer())
    let owner = String(decoding: try reader.short(), as: UTF8.self)
    self.owner = owner.isEmpty ? nil : owner
    body = try reader.long()
  }
}
