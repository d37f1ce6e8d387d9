import KeevoClient

/// Jobs that were put aside: to be looked at, tried again, or thrown away by an operator.
public struct DeadLetters: Sendable {
  public struct Letter: Sendable {
    public var partition: Partition
    public var rest: [UInt8]
    public var version: Stamp
    public var record: JobRecord
  }

  private let store: any KeyValueStore

  public init(_ store: any KeyValueStore) { self.store = store }

  /// The dead letters of all shards, at most `limit`.
  public func list(limit: Int = 1_000) async throws(StoreError) -> [Letter] {
    var letters: [Letter] = []
    for shard in try await store.topology().shards {
      var cursor: [UInt8] = []
      repeat {
        let page = try await store.scan(ScanRequest(scope: .shard(shard.id, .jobs), limit: 1_000, cursor: cursor))
        cursor = page.next
        for row in page.rows where row.key.space == JobID.deadSpace {
          guard let partition = row.partition else { continue }
          let record: JobRecord
          do { record = try JobRecord(row.value) } catch { continue }  // A newer version's.
          letters.append(Letter(partition: partition, rest: row.key.rest, version: row.version, record: record))
          if letters.count == limit { return letters }
        }
      } while !cursor.isEmpty
    }
    return letters
  }

  /// Makes it a job again, from its cursor, with no failures counted. `false` if it has gone meanwhile.
  public func replay(_ letter: Letter) async throws(StoreError) -> Bool {
    var record = letter.record
    record.attempts = 0
    record.wakeAtMilliseconds = 0
    let id = JobID(partition: letter.partition, rest: letter.rest)
    return try await move(letter, [.put(id.key, value: record.encoded())])
  }

  public func delete(_ letter: Letter) async throws(StoreError) -> Bool { try await move(letter, []) }

  private func move(_ letter: Letter, _ operations: [Operation]) async throws(StoreError) -> Bool {
    let grave = RowKey(rowClass: .jobs, space: JobID.deadSpace, rest: letter.rest)
    let batch = SubBatch(
      partition: letter.partition, conditions: [.versionEquals(grave, letter.version)],
      operations: [.delete(grave)] + operations)
    return try await store.write(WriteRequest(batches: [batch])).results.first?.applied ?? false
  }
}
