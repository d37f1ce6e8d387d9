import KeevoClient
import Model

/// Activities by actor, for data privacy (feeds 2.17): a hint a row, oldest first, looked at against the activity when read. `SU:u`
/// and `u` are one actor.
struct ActorIndex: Sendable {
  static let space = UInt8(ascii: "y")

  let store: any KeyValueStore

  static func name(_ actor: String) -> String { actor.hasPrefix("SU:") ? String(actor.dropFirst(3)) : actor }

  private static func partition(_ actor: String, _ app: AppID) -> Partition {
    let hash = FeedKeys.hexadecimal(Array(SHA256Digest.of(Array(name(actor).utf8)).prefix(16)))
    return Partition(app: app.rawValue, name: Array("y/".utf8) + hash)
  }

  private static func key(_ id: ActivityID) -> RowKey {
    RowKey(space: space, rest: FeedKeys.bigEndian(id.ticks) + FeedKeys.bigEndian(id.low))
  }

  static func put(_ row: ChangeNote.ActorRow, _ app: AppID) -> SubBatch {
    SubBatch(
      partition: partition(row.actor, app), operations: [.put(key(row.id), value: [1, row.id.version])])
  }

  /// Takes a hint away, unless it was written again after the activity was seen gone.
  func drop(_ row: ChangeNote.ActorRow, _ app: AppID, isGone: () async throws(StoreError) -> Bool)
    async throws(StoreError)
  {
    let partition = Self.partition(row.actor, app)
    let key = Self.key(row.id)
    guard let hint = try await store.get(GetRequest(partition: partition, key: key)).row, try await isGone() else {
      return
    }
    _ = try await store.write(
      WriteRequest(batches: [
        SubBatch(partition: partition, conditions: [.versionEquals(key, hint.version)], operations: [.delete(key)])
      ]))
  }

  /// A page of hints, oldest first.
  func page(_ actor: String, _ app: AppID, cursor: [UInt8]) async throws(StoreError) -> (
    ids: [ActivityID], next: [UInt8]
  ) {
    let page = try await store.scan(
      ScanRequest(
        scope: .partition(Self.partition(actor, app), RowRange(space: Self.space)), limit: 1_000, cursor: cursor))
    let ids = try page.rows.map { row throws(StoreError) in
      guard row.key.rest.count == 16, row.value.count == 2, row.value[0] == 1 else {
        throw .unknownFormat("a row of the index by actor")
      }
      return ActivityID(
        ticks: FeedKeys.integer(row.key.rest.prefix(8)), low: FeedKeys.integer(row.key.rest.suffix(8)),
        version: row.value[1])
    }
    return (ids, page.next)
  }
}
