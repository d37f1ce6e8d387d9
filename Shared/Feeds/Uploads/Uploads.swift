import Jobs
import KeevoClient
import Model

/// The records of an app's uploads (B7). They lie in sixteen partitions, by the first digit of their ids; a record, its place in
/// its owner's list and its share of the app's bytes change in one sub-batch, so that the count is exact (B16).
///
/// An upload begins *pending*: noted and counted before its bytes are stored, known once they are. It is never changed
/// afterwards, only deleted.
public struct Uploads: Sendable {
  /// How long after its beginning an upload may still become known.
  public static let finishMillisecondsMax: UInt64 = 1_800_000
  /// How old a pending upload is given up: twice as long, so that one that is given up never becomes known.
  public static let pendingMillisecondsMax: UInt64 = 2 * finishMillisecondsMax

  private let store: any KeyValueStore

  public init(store: any KeyValueStore) { self.store = store }

  // MARK: Adding

  /// Notes that the bytes of an upload are about to be stored, and counts them.
  public func begin(
    _ upload: Upload, app: AppID, nowMilliseconds: UInt64, traceID: [UInt8] = []
  ) async throws(FeedError) -> PendingUpload {
    let pending = PendingUpload(upload, beganMilliseconds: nowMilliseconds)
    _ = try await apply(
      SubBatch(
        partition: Self.part(of: upload.id, app),
        operations: [.put(pending.key, value: upload.encoded()), .add(Self.bytesKey, delta: Int64(upload.bytes))]),
      traceID)
    return pending
  }

  /// Makes an upload known whose bytes are stored. Gives the record that stands: another one of that id if it was there first;
  /// the bytes of this one are then nobody's.
  ///
  /// - Throws: `contention` when it came so late that it has been given up.
  public func finish(
    _ pending: PendingUpload, app: AppID, traceID: [UInt8] = []
  ) async throws(FeedError) -> Upload {
    let upload = pending.upload
    var operations: [Operation] = [.put(Self.key(upload.id), value: upload.encoded()), .delete(pending.key)]
    if let own = Self.ownerKey(upload) { operations.append(.put(own, value: upload.encoded())) }
    // A deletion may come between the refused write and the read.
    for _ in 0..<Self.triesMax {
      let failed = try await write(
        SubBatch(
          partition: Self.part(of: upload.id, app),
          conditions: [
            .absent(Self.key(upload.id)), .valueEquals(pending.key, upload.encoded()),
            .notAfter(milliseconds: pending.beganMilliseconds + Self.finishMillisecondsMax),
          ],
          operations: operations), traceID
      ).failedCondition
      switch failed {
      case nil: return upload
      case 0:
        guard let there = try await find(upload.id, app: app) else { continue }
        return there
      default: throw .contention
      }
    }
    throw .contention
  }

  /// Forgets a pending upload of which no bytes are stored any more. `false`: it is no longer pending.
  public func abandon(_ pending: PendingUpload, app: AppID, traceID: [UInt8] = []) async throws(FeedError) -> Bool {
    try await apply(
      SubBatch(
        partition: Self.part(of: pending.upload.id, app),
        conditions: [.valueEquals(pending.key, pending.upload.encoded())],
        operations: [.delete(pending.key), .add(Self.bytesKey, delta: -Int64(pending.upload.bytes))]), traceID)
  }

  /// Up to `limit` uploads that have been pending for too long.
  public func expired(app: AppID, nowMilliseconds: UInt64, limit: Int) async throws(FeedError) -> [PendingUpload] {
    guard nowMilliseconds > Self.pendingMillisecondsMax else { return [] }
    let end = FeedKeys.bigEndian(nowMilliseconds - Self.pendingMillisecondsMax)
    var found: [PendingUpload] = []
    for page in try await scan(app, RowRange(space: PendingUpload.space, end: end), limit: limit) {
      for row in page {
        do { found.append(try PendingUpload(row)) } catch { throw .store(.unknownFormat("pending upload: \(error)")) }
      }
    }
    return Array(found.prefix(limit))
  }

  // MARK: Reading

  /// `nil` if there is none.
  public func find(_ id: UploadID, app: AppID) async throws(FeedError) -> Upload? {
    guard let row = try await rows([.init(partition: Self.part(of: id, app), key: Self.key(id))])[0] else { return nil }
    return try Self.upload(id, row.value)
  }

  /// A user's uploads, oldest first (feeds 2.17).
  ///
  /// - Throws: `invalid` when there are more than `max`.
  public func uploads(of owner: String, app: AppID, max: Int) async throws(FeedError) -> [Upload] {
    var found: [Upload] = []
    let prefix = Self.ownerPrefix(owner)
    for page in try await scan(app, RowRange(space: Self.ownerSpace, prefix: prefix), limit: max + 1) {
      for row in page {
        guard let id = UploadID(String(decoding: row.key.rest.dropFirst(prefix.count + 8), as: UTF8.self)) else {
          throw .store(.unknownFormat("the place of an upload in its owner's list"))
        }
        found.append(try Self.upload(id, row.value))
      }
    }
    guard found.count <= max else {
      throw .invalid("the user has more than \(max) uploads: an export of so many is not served")
    }
    return found.sorted { ($0.createdAt, $0.id.description) < ($1.createdAt, $1.id.description) }
  }

  /// Bytes of all uploads of an app, pending ones included.
  public func bytes(app: AppID) async throws(FeedError) -> UInt64 {
    let items = Self.parts(app).map { MultiGetRequest.Item(partition: $0, key: Self.bytesKey) }
    return try await rows(items).reduce(0) { $0 &+ UInt64(max(0, FeedEngine.number($1?.value ?? []))) }
  }

  // MARK: Deleting

  /// Deletes a record whose bytes are gone. Gives `false` if there was none of this content any more.
  public func delete(_ upload: Upload, app: AppID, traceID: [UInt8] = []) async throws(FeedError) -> Bool {
    var operations: [Operation] = [
      .delete(Self.key(upload.id)), .add(Self.bytesKey, delta: -Int64(upload.bytes)),
    ]
    if let own = Self.ownerKey(upload) { operations.append(.delete(own)) }
    return try await apply(
      SubBatch(
        partition: Self.part(of: upload.id, app),
        conditions: [.valueEquals(Self.key(upload.id), upload.encoded())], operations: operations), traceID)
  }

  // MARK: Calls

  private static let triesMax = 8
  private static let pageMax = 1_000

  private func apply(_ batch: SubBatch, _ traceID: [UInt8]) async throws(FeedError) -> Bool {
    try await write(batch, traceID).applied
  }

  private func write(_ batch: SubBatch, _ traceID: [UInt8]) async throws(FeedError) -> SubBatchResult {
    do throws(StoreError) {
      let results = try await store.write(WriteRequest(batches: [batch], traceID: traceID)).results
      guard let result = results.first, results.count == 1 else {
        throw .unknown("the store answered another number of sub-batches")
      }
      return result
    } catch { throw .store(error) }
  }

  private func rows(_ items: [MultiGetRequest.Item]) async throws(FeedError) -> [VersionedValue?] {
    do throws(StoreError) {
      let rows = try await store.multiGet(MultiGetRequest(items: items)).rows
      guard rows.count == items.count else { throw .unknown("the store answered another number of rows") }
      return rows
    } catch { throw .store(error) }
  }

  /// The rows of a range in each of the app's parts, in pages, until there are `limit` of them.
  private func scan(_ app: AppID, _ range: RowRange, limit: Int) async throws(FeedError) -> [[Row]] {
    var pages: [[Row]] = []
    var left = limit
    for part in Self.parts(app) {
      var cursor: [UInt8] = []
      repeat {
        if left <= 0 { return pages }
        do throws(StoreError) {
          let page = try await store.scan(
            ScanRequest(scope: .partition(part, range), limit: min(left, Self.pageMax), cursor: cursor))
          cursor = page.next
          left -= page.rows.count
          pages.append(page.rows)
        } catch { throw .store(error) }
      } while !cursor.isEmpty
    }
    return pages
  }

  private static func upload(_ id: UploadID, _ value: [UInt8]) throws(FeedError) -> Upload {
    do { return try Upload(id: id, value) } catch { throw .store(.unknownFormat("upload: \(error)")) }
  }

  // MARK: Keys

  private static let recordSpace = UInt8(ascii: "p")
  private static let ownerSpace = UInt8(ascii: "u")
  private static let bytesKey = RowKey(space: FeedKeys.counterSpace, rest: Array("bytes".utf8))

  private static func key(_ id: UploadID) -> RowKey {
    RowKey(space: recordSpace, rest: Array(id.description.utf8))
  }

  private static func ownerPrefix(_ owner: String) -> [UInt8] { Array(owner.utf8) + [0] }

  private static func ownerKey(_ upload: Upload) -> RowKey? {
    upload.owner.map { owner in
      RowKey(
        space: ownerSpace,
        rest: ownerPrefix(owner) + FeedKeys.bigEndian(UInt64(bitPattern: upload.createdAt.microseconds))
          + Array(upload.id.description.utf8))
    }
  }

  private static func part(of id: UploadID, _ app: AppID) -> Partition {
    Partition(app: app.rawValue, "p/\(id.description.prefix(1))")
  }

  private static func parts(_ app: AppID) -> [Partition] {
    "0123456789abcdef".map { Partition(app: app.rawValue, "p/\($0)") }
  }
}
