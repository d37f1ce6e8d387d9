import KeevoClient

/// Jobs that were put aside: to be looked at, tried again, or thrown away by an operator.
public struct DeadLetters: Sendable {
  /// One of them.
  public struct Letter: Hashable, Sendable {
    public var name: DeadLetterName
    public var version: Stamp
    public var record: JobRecord
  }

  /// Which are meant; what is `nil` does not matter.
  public struct Filter: Sendable {
    public var app: UInt32?
    public var kind: JobKind?

    public init(app: UInt32? = nil, kind: JobKind? = nil) {
      self.app = app
      self.kind = kind
    }

    func matches(_ letter: Letter) -> Bool {
      (app.map { $0 == letter.name.partition.app } ?? true) && (kind.map { $0 == letter.record.kind } ?? true)
    }
  }

  /// What a search found.
  public struct Found: Sendable {
    public var letters: [Letter] = []
    /// Whether there are more than `letters`.
    public var isCut = false
    /// Letters written by a newer version, whatever the filter: its workers can read them.
    public var unreadable = 0
  }

  public static let listMax = 10_000

  private let store: any KeyValueStore

  public init(_ store: any KeyValueStore) { self.store = store }

  /// The dead letters of all shards, at most `limit`.
  public func list(_ filter: Filter = Filter(), limit: Int = 1_000) async throws(StoreError) -> Found {
    let limit = min(max(limit, 1), Self.listMax)
    var found = Found()
    for shard in try await store.topology().shards {
      var cursor: [UInt8] = []
      repeat {
        let page = try await store.scan(ScanRequest(scope: .shard(shard.id, .jobs), limit: 1_000, cursor: cursor))
        cursor = page.next
        for row in page.rows where row.key.space == JobID.deadSpace {
          guard let partition = row.partition else { continue }
          guard let record = try? JobRecord(row.value) else {
            found.unreadable += 1
            continue
          }
          let name = DeadLetterName(partition: partition, rest: row.key.rest)
          let letter = Letter(name: name, version: row.version, record: record)
          guard filter.matches(letter) else { continue }
          if found.letters.count == limit {
            found.isCut = true
            return found
          }
          found.letters.append(letter)
        }
      } while !cursor.isEmpty
    }
    return found
  }

  /// The letter of that name; `nil` if it is not there.
  public func letter(_ name: DeadLetterName) async throws(JobError) -> Letter? {
    let row: VersionedValue?
    do throws(StoreError) {
      row = try await store.get(GetRequest(partition: name.partition, key: name.key)).row
    } catch { throw .store(error) }
    guard let row else { return nil }
    do throws(FormatError) {
      return Letter(name: name, version: row.version, record: try JobRecord(row.value))
    } catch { throw .format(error) }
  }

  /// Makes it a job again, from its cursor, with no failures counted. `false` if it has gone meanwhile.
  public func replay(_ letter: Letter) async throws(StoreError) -> Bool {
    var record = letter.record
    record.attempts = 0
    record.wakeAtMilliseconds = 0
    let id = JobID(partition: letter.name.partition, rest: letter.name.rest)
    return try await move(letter, [.put(id.key, value: record.encoded())])
  }

  /// Throws it away: what it was to do is never done. `false` if it has gone meanwhile.
  public func drop(_ letter: Letter) async throws(StoreError) -> Bool { try await move(letter, []) }

  private func move(_ letter: Letter, _ operations: [Operation]) async throws(StoreError) -> Bool {
    let grave = letter.name.key
    let batch = SubBatch(
      partition: letter.name.partition, conditions: [.versionEquals(grave, letter.version)],
      operations: [.delete(grave)] + operations)
    let request = WriteRequest(batches: [batch], traceID: letter.record.traceID)
    return try await store.write(request).results.first?.applied ?? false
  }
}
