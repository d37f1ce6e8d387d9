import KeevoClient
import Model

/// What moderators and users say of users, activities and reactions (feeds 2.16, S6): recorded, without any effect on feeds.
///
/// All about one entity lies in one partition: flags by their ids, the latest status, and every status by time.
public struct ModerationLog: Sendable {
  public enum EntityType: String, Hashable, Sendable, CaseIterable {
    case user = "stream:user"
    case activity = "stream:feeds:v2:activity"
    case reaction = "stream:feeds:v2:reaction"
  }

  /// What is spoken of.
  public struct Subject: Hashable, Sendable {
    public var type: EntityType
    public var id: String
    public init(type: EntityType, id: String) {
      self.type = type
      self.id = id
    }
  }

  private static let space = UInt8(ascii: "m")
  private static let flag = UInt8(ascii: "f")
  private static let status = UInt8(ascii: "s")

  private let store: any KeyValueStore

  public init(store: any KeyValueStore) { self.store = store }

  private static func partition(_ subject: Subject, _ app: AppID) -> Partition {
    let hash = SHA256Digest.of(Array("\(subject.type.rawValue) \(subject.id)".utf8)).prefix(16)
    return Partition(app: app.rawValue, name: Array("m/".utf8) + FeedKeys.hexadecimal(Array(hash)))
  }

  /// Records a flag; `document`: its JSON.
  public func putFlag(
    _ id: ActivityID, on subject: Subject, document: [UInt8], app: AppID, traceID: [UInt8]
  ) async throws(FeedError) {
    let key = RowKey(space: Self.space, rest: [Self.flag] + FeedKeys.bigEndian(id.ticks) + FeedKeys.bigEndian(id.low))
    try await write(
      [SubBatch(partition: Self.partition(subject, app), operations: [.put(key, value: [1] + document)])], traceID)
  }

  /// Records what moderators have decided; `document`: its JSON.
  public func putStatuses(
    _ statuses: [(subject: Subject, at: ActivityTime, document: [UInt8])], app: AppID, traceID: [UInt8]
  ) async throws(FeedError) {
    try await write(
      statuses.map { item in
        let moment = FeedKeys.bigEndian(item.at.ticks)
        return SubBatch(
          partition: Self.partition(item.subject, app),
          operations: [
            .put(RowKey(space: Self.space, rest: [Self.status]), value: [1] + item.document),
            .put(RowKey(space: Self.space, rest: [Self.status] + moment), value: [1] + item.document),
          ])
      }, traceID)
  }

  private func write(_ batches: [SubBatch], _ traceID: [UInt8]) async throws(FeedError) {
    do throws(StoreError) {
      _ = try await store.write(WriteRequest(batches: batches, traceID: traceID))
    } catch { throw .store(error) }
  }

  /// The latest status and the flags of a subject, oldest first, as JSON.
  public func records(
    of subject: Subject, app: AppID
  ) async throws(FeedError) -> (status: [UInt8]?, flags: [[UInt8]]) {
    var status: [UInt8]?
    var flags: [[UInt8]] = []
    var cursor: [UInt8] = []
    do throws(StoreError) {
      repeat {
        let page = try await store.scan(
          ScanRequest(scope: .partition(Self.partition(subject, app), RowRange(space: Self.space)), cursor: cursor))
        cursor = page.next
        for row in page.rows {
          guard row.value.first == 1 else { throw .unknownFormat("a moderation record") }
          if row.key.rest == [Self.status] { status = Array(row.value.dropFirst()) }
          if row.key.rest.first == Self.flag { flags.append(Array(row.value.dropFirst())) }
        }
      } while !cursor.isEmpty
    } catch { throw .store(error) }
    return (status, flags)
  }
}
