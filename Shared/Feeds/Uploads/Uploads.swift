import Jobs
import KeevoClient
import Model

/// The records of uploads: one row each in a partition of its own, scoped by app (B7). An upload is never changed, only
/// added and deleted.
public struct Uploads: Sendable {
  private let store: any KeyValueStore

  public init(store: any KeyValueStore) { self.store = store }

  /// Adds a record. If there is one of that id already, it stays and is given back.
  public func add(_ upload: Upload, app: AppID, traceID: [UInt8] = []) async throws(FeedError) -> Upload {
    // A deletion may come between the refused write and the read.
    for _ in 0..<Self.triesMax {
      let place = Self.place(upload.id, app)
      let batch = SubBatch(
        partition: place.partition, conditions: [.absent(place.key)],
        operations: [.put(place.key, value: upload.encoded())])
      if try await apply(batch, traceID) { return upload }
      if let there = try await find(upload.id, app: app) { return there }
    }
    throw .contention
  }

  /// `nil` if there is none.
  public func find(_ id: UploadID, app: AppID) async throws(FeedError) -> Upload? {
    let rows: [VersionedValue?]
    do throws(StoreError) {
      rows = try await store.multiGet(MultiGetRequest(items: [Self.place(id, app)])).rows
    } catch { throw .store(error) }
    guard let row = rows.first, let row else { return nil }
    do { return try Upload(id: id, row.value) } catch { throw .store(.unknownFormat("upload: \(error)")) }
  }

  /// Deletes a record. Gives `false` if there was none of this content any more.
  public func delete(_ upload: Upload, app: AppID, traceID: [UInt8] = []) async throws(FeedError) -> Bool {
    let place = Self.place(upload.id, app)
    return try await apply(
      SubBatch(
        partition: place.partition, conditions: [.valueEquals(place.key, upload.encoded())],
        operations: [.delete(place.key)]), traceID)
  }

  private func apply(_ batch: SubBatch, _ traceID: [UInt8]) async throws(FeedError) -> Bool {
    do throws(StoreError) {
      let results = try await store.write(WriteRequest(batches: [batch], traceID: traceID)).results
      guard let result = results.first, results.count == 1 else {
        throw .unknown("the store answered another number of sub-batches")
      }
      return result.applied
    } catch { throw .store(error) }
  }

  private static let triesMax = 8

  private static func place(_ id: UploadID, _ app: AppID) -> MultiGetRequest.Item {
    MultiGetRequest.Item(
      partition: Partition(app: app.rawValue, "p/\(id)"), key: RowKey(space: FeedKeys.uploadSpace))
  }
}

extension FeedKeys {
  static let uploadSpace = UInt8(ascii: "p")
}
