import Feeds
import KeevoClient
import Model
import Synchronization

/// What has become of the requests that carried an `Idempotency-Key` (feeds C12c): kept in the store for 24 hours.
///
/// A request is noted before it runs, with the times its undated activities will have. A retry runs again with those
/// times, and since equal times and contents are one activity it adds nothing twice, even if the first attempt died
/// half way or still runs. Once there is an answer, a retry gets that.
///
/// Rows lie in one partition a day and bucket; a request looks into today's and yesterday's, and the first one of a day in a
/// bucket deletes those of the day before.
final class IdempotencyKeys: Sendable {
  static let lifeMilliseconds: UInt64 = 86_400_000
  static let keyCharactersMax = 64
  /// An answer longer than this is not kept: a retry then runs again, with the same times.
  static let answerBytesMax = 512 << 10
  private static let buckets: UInt8 = 64
  private static let space = UInt8(ascii: "i")

  private let store: any KeyValueStore
  private let times: any TimeSource
  private let wallMilliseconds: @Sendable () -> UInt64
  /// The partitions of today whose predecessors this process has deleted.
  private let swept = Mutex<(day: UInt64, partitions: Set<Partition>)>((0, []))

  /// `wallMilliseconds`: since 1970.
  init(store: any KeyValueStore, times: any TimeSource, wallMilliseconds: @escaping @Sendable () -> UInt64) {
    self.store = store
    self.times = times
    self.wallMilliseconds = wallMilliseconds
  }

  /// One request under its key.
  struct Request: Hashable, Sendable {
    var app: AppID
    /// SHA-256 of the key and who sent it.
    var name: [UInt8]
    /// SHA-256 of method, path, query and body.
    var content: [UInt8]
  }

  enum Outcome: Sendable {
    /// To be run with these times.
    case run(Note)
    case answered(status: Int, body: [UInt8])
    /// The key came with another request.
    case conflict
  }

  /// Where a request is noted.
  struct Note: Sendable {
    var partition: Partition
    var key: RowKey
    var version: Stamp
    var record: Record
    /// Whether an earlier attempt had made it.
    var isRetry = false
  }

  struct Record: Hashable, Sendable {
    var createdMilliseconds: UInt64
    var content: [UInt8]
    /// One for each activity without a time, or one for all that is written.
    var times: [ActivityTime]
    /// 0 while there is no answer.
    var status: UInt16 = 0
    var body: [UInt8] = []
  }

  private func partition(_ request: Request, day: UInt64) -> Partition {
    let bucket = (request.name.first ?? 0) % Self.buckets
    return Partition(app: request.app.rawValue, "i/\(day)/\(bucket)")
  }

  /// Notes the request, with as many `times` as it needs, or tells what became of it.
  func begin(_ request: Request, times count: Int) async throws(StoreError) -> Outcome {
    let now = wallMilliseconds()
    let day = now / Self.lifeMilliseconds
    let key = RowKey(space: Self.space, rest: request.name)
    // Twice: another request with the key may come in between.
    for _ in 0..<4 {
      let places = [day, day - min(day, 1)].map { partition(request, day: $0) }
      let rows = try await store.multiGet(
        MultiGetRequest(items: places.map { MultiGetRequest.Item(partition: $0, key: key) })
      ).rows
      for (partition, row) in zip(places, rows) {
        guard let row else { continue }
        let record = try Record(decoding: row.value)
        guard now < record.createdMilliseconds + Self.lifeMilliseconds else { continue }
        guard record.content == request.content else { return .conflict }
        if record.status != 0 { return .answered(status: Int(record.status), body: record.body) }
        return .run(Note(partition: partition, key: key, version: row.version, record: record, isRetry: true))
      }
      let record = Record(
        createdMilliseconds: now, content: request.content, times: try await times.next(count, app: request.app))
      // A row of today that has expired cannot be: days are as long as lives.
      let note = SubBatch(
        partition: places[0], conditions: [.absent(key)], operations: [.put(key, value: record.encoded())])
      let results = try await store.write(WriteRequest(batches: [note] + sweep(request, day))).results
      if let result = results.first, result.applied {
        return .run(Note(partition: places[0], key: key, version: result.stamp, record: record))
      }
    }
    throw .overloaded("an idempotency key is being used by too many requests at once")
  }

  /// Deletes what the bucket held the day before yesterday, at its first use of a day.
  private func sweep(_ request: Request, _ day: UInt64) -> [SubBatch] {
    guard day >= 2 else { return [] }
    let today = partition(request, day: day)
    let isFirst = swept.withLock { swept in
      if swept.day != day { swept = (day, []) }
      return swept.partitions.insert(today).inserted
    }
    guard isFirst else { return [] }
    let old = partition(request, day: day - 2)
    return [SubBatch(partition: old, operations: [.deleteRange(RowRange(space: Self.space))])]
  }

  /// Forgets a request that was refused, so that its key can come with a better one.
  func forget(_ note: Note) async throws(StoreError) {
    let batch = SubBatch(
      partition: note.partition, conditions: [.versionEquals(note.key, note.version)], operations: [.delete(note.key)])
    _ = try await store.write(WriteRequest(batches: [batch]))
  }

  /// Keeps the answer for retries.
  func finish(_ note: Note, status: Int, body: [UInt8]) async throws(StoreError) {
    guard body.count <= Self.answerBytesMax else { return }
    var record = note.record
    record.status = UInt16(status)
    record.body = body
    // Another attempt may have answered meanwhile: then its answer stays.
    let batch = SubBatch(
      partition: note.partition, conditions: [.versionEquals(note.key, note.version)],
      operations: [.put(note.key, value: record.encoded())])
    _ = try await store.write(WriteRequest(batches: [batch]))
  }
}
