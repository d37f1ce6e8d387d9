import Jobs
import KeevoClient
import Model

/// Users and collection objects (feeds 3.10, 3.11): one row each, changed under the condition of its version.
///
/// The caller has checked forms and sizes. Ownership is checked here, between existence and effect (feeds C17, P30), on
/// the very version that is replaced.
public struct Entities: Sendable {
  /// Attempts of a change that others change under us.
  static let contentionTriesMax = 64
  /// Bytes of rows put into one call of the store.
  static let callBytesMax = 4 << 20
  /// Rows asked for in one call: their bytes stay well below what it may answer.
  static let callRowsMax = 1_000

  private let store: any KeyValueStore
  private let times: any TimeSource
  private let auditLog: AuditLog

  public init(store: any KeyValueStore, times: any TimeSource) {
    self.store = store
    self.times = times
    auditLog = AuditLog(store: store)
  }

  /// What a change needs to know of its request.
  public struct Change: Sendable {
    public var app: AppID
    /// When it happens, so that the retry of a request whose answer was lost is known again; `nil`: now.
    public var time: ActivityTime?
    /// Whether the request came before under its `Idempotency-Key`, so that it may have had its effect already.
    public var isRetry: Bool
    /// Sixteen bytes, or none (B22).
    public var traceID: [UInt8]
    /// Whom the audit log names (feeds S2); `nil`: the change is not noted there.
    public var author: String?
    /// Whether the one who asks may change this one; not asked when it is not there.
    public var mayChange: @Sendable (EntityName, Entity) -> Bool

    public init(
      app: AppID, time: ActivityTime? = nil, isRetry: Bool = false, traceID: [UInt8] = [], author: String? = nil,
      mayChange: @escaping @Sendable (EntityName, Entity) -> Bool = { _, _ in true }
    ) {
      self.app = app
      self.time = time
      self.isRetry = isRetry
      self.traceID = traceID
      self.author = author
      self.mayChange = mayChange
    }
  }

  /// A time that nothing else of the app has.
  public func now(app: AppID) async throws(EntityError) -> ActivityTime {
    do throws(StoreError) {
      guard let time = try await times.next(1, app: app).first else { throw .unknown("the source of times gave none") }
      return time
    } catch { throw .feed(.store(error)) }
  }

  // MARK: Reading

  /// In the order asked, `nil` for those there are not.
  public func find(_ names: [EntityName], app: AppID) async throws(EntityError) -> [Entity?] {
    try await rows(names, app).map { $0?.entity }
  }

  public func get(_ name: EntityName, app: AppID) async throws(EntityError) -> Entity {
    guard let found = try await find([name], app: app).first, let entity = found else { throw .unknown(name) }
    return entity
  }

  // MARK: One

  /// Adds what must not be there yet (feeds O5, U2). `orGet`: what is there is given instead, unchanged.
  public func add(
    _ name: EntityName, data: [UInt8], owner: String? = nil, orGet: Bool = false, _ change: Change
  ) async throws(EntityError) -> (entity: Entity, isNew: Bool) {
    let now = try await time(change)
    let entity = Entity(name, data: data, owner: owner, createdAt: now, updatedAt: now)
    for _ in 0..<Self.contentionTriesMax {
      if try await write([(name, entity, nil)], change)[0] { return (entity, true) }
      guard let there = try await rows([name], change.app)[0]?.entity else { continue }
      // Times are unique in an app: this is the first attempt of the same request.
      if change.isRetry, there.createdAt == now { return (there, true) }
      if orGet { return (there, false) }
      throw .conflict(name)
    }
    throw .feed(.contention)
  }

  /// Replaces the data (feeds O7, U3).
  public func update(_ name: EntityName, data: [UInt8], _ change: Change) async throws(EntityError) -> Entity {
    let now = try await time(change)
    for _ in 0..<Self.contentionTriesMax {
      guard let row = try await rows([name], change.app)[0] else { throw .unknown(name) }
      guard change.mayChange(name, row.entity) else { throw .notPermitted }
      let entity = Self.replaced(name, row.entity, data: data, at: now)
      if try await write([(name, entity, row.version)], change)[0] { return entity }
    }
    throw .feed(.contention)
  }

  public func delete(_ name: EntityName, _ change: Change) async throws(EntityError) {
    for _ in 0..<Self.contentionTriesMax {
      guard let row = try await rows([name], change.app)[0] else {
        if change.isRetry { return }
        throw .unknown(name)
      }
      guard change.mayChange(name, row.entity) else { throw .notPermitted }
      if try await write([(name, nil, row.version)], change)[0] { return }
    }
    throw .feed(.contention)
  }

  // MARK: Many

  /// Adds or replaces each (feeds O8, U7); the names must differ. Without `override` what is there stays.
  ///
  /// Each is atomic, the batch is not. Gives them as now stored, in the order of the request.
  public func put(
    _ items: [(name: EntityName, data: [UInt8])], override: Bool = true, _ change: Change
  ) async throws(EntityError) -> [Entity] {
    let now = try await time(change)
    var done: [Entity?] = Array(repeating: nil, count: items.count)
    var waiting = Array(items.indices)
    for _ in 0..<Self.contentionTriesMax {
      if waiting.isEmpty { return done.compactMap { $0 } }
      let there = try await rows(waiting.map { items[$0].name }, change.app)
      var writes: [(index: Int, name: EntityName, entity: Entity, version: Stamp?)] = []
      for (index, row) in zip(waiting, there) {
        let (name, data) = items[index]
        guard let row else {
          writes.append((index, name, Entity(name, data: data, owner: nil, createdAt: now, updatedAt: now), nil))
          continue
        }
        if !override {
          done[index] = row.entity
        } else {
          writes.append((index, name, Self.replaced(name, row.entity, data: data, at: now), row.version))
        }
      }
      let applied = try await write(writes.map { ($0.name, $0.entity, $0.version) }, change)
      for (write, applied) in zip(writes, applied) where applied { done[write.index] = write.entity }
      waiting = waiting.filter { done[$0] == nil }
    }
    throw .feed(.contention)
  }

  /// Deletes those there are, and gives their names; the names must differ.
  public func delete(_ names: [EntityName], _ change: Change) async throws(EntityError) -> [EntityName] {
    let there = try await rows(names, change.app)
    let found = zip(names, there).filter { $0.1 != nil }.map(\.0)
    // Unconditionally: who writes at the same moment came before.
    _ = try await call(found.map { ($0, [], .delete($0.item(change.app).key), .delete) }, change)
    return found
  }

  // MARK: The store

  private struct Found {
    var entity: Entity
    var version: Stamp
  }

  private static func replaced(_ name: EntityName, _ old: Entity, data: [UInt8], at now: ActivityTime) -> Entity {
    // Later than before, whatever the clocks of two processes say.
    let updatedAt = max(now, ActivityTime(microseconds: old.updatedAt.microseconds + 1))
    return Entity(name, data: data, owner: old.owner, createdAt: old.createdAt, updatedAt: updatedAt)
  }

  private func time(_ change: Change) async throws(EntityError) -> ActivityTime {
    if let time = change.time { return time }
    return try await now(app: change.app)
  }

  private func rows(_ names: [EntityName], _ app: AppID) async throws(EntityError) -> [Found?] {
    var found: [Found?] = []
    found.reserveCapacity(names.count)
    var rest = names[...]
    do throws(StoreError) {
      while !rest.isEmpty {
        let items = rest.prefix(Self.callRowsMax).map { $0.item(app) }
        for row in try await store.multiGet(MultiGetRequest(items: items)).rows {
          found.append(
            try row.map { row throws(StoreError) in
              Found(entity: try Self.entity(row.value), version: row.version)
            })
        }
        rest = rest.dropFirst(Self.callRowsMax)
      }
    } catch { throw .feed(.store(error)) }
    return found
  }

  static func entity(_ bytes: [UInt8]) throws(StoreError) -> Entity {
    do { return try Entity(bytes) } catch { throw .unknownFormat("user or object: \(error)") }
  }

  /// Writes or deletes each where its row has the version named (`nil`: where there is none); tells which were applied.
  private func write(
    _ changes: [(name: EntityName, entity: Entity?, version: Stamp?)], _ change: Change
  ) async throws(EntityError) -> [Bool] {
    try await call(
      changes.map { name, entity, version in
        let key = name.item(change.app).key
        let operation = entity.map { Operation.put(key, value: $0.encoded()) } ?? .delete(key)
        let action: AuditEntry.Action = entity == nil ? .delete : version == nil ? .create : .update
        return (name, [version.map { .versionEquals(key, $0) } ?? .absent(key)], operation, action)
      }, change)
  }

  private func call(
    _ changes: [(name: EntityName, conditions: [Condition], operation: Operation, action: AuditEntry.Action)],
    _ change: Change
  ) async throws(EntityError) -> [Bool] {
    var applied: [Bool] = []
    var batches: [SubBatch] = []
    let notes = try await notes(changes.map { ($0.name, $0.action) }, change)
    var noted: [(note: ChangeNote, job: JobID)] = []
    var bytes = 0
    do throws(StoreError) {
      for (index, item) in changes.enumerated() {
        let partition = item.name.item(change.app).partition
        var operations = [item.operation]
        let madeAt = UInt64(max(0, notes?[index].entry?.createdAt.microseconds ?? 0) / 1_000)
        if let note = notes?[index] { operations.append(JobID.make(note.job(holder: 0, madeAt, change.traceID))) }
        batches.append(SubBatch(partition: partition, conditions: item.conditions, operations: operations))
        if case .put(_, let value, _, _) = item.operation { bytes += value.count }
        guard bytes >= Self.callBytesMax || batches.count == Self.callRowsMax || index == changes.count - 1 else {
          continue
        }
        let results = try await store.write(WriteRequest(batches: batches, traceID: change.traceID)).results
        guard results.count == batches.count else { throw .unknown("the store answered another number of sub-batches") }
        for (number, result) in results.enumerated() where result.applied {
          if let note = notes?[applied.count + number] {
            noted.append((note, JobID(partition: batches[number].partition, stamp: result.stamp)))
          }
        }
        applied += results.map(\.applied)
        batches = []
        bytes = 0
      }
    } catch { throw .feed(.store(error)) }
    await auditLog.deliver(noted, change.app, change.traceID)
    return applied
  }

  /// The audit log's entries of changes (feeds S2); `nil` where it notes none.
  private func notes(
    _ changes: [(name: EntityName, action: AuditEntry.Action)], _ change: Change
  ) async throws(EntityError) -> [ChangeNote]? {
    guard let author = change.author, !changes.isEmpty else { return nil }
    let moments: [ActivityTime]
    do throws(StoreError) { moments = try await times.next(changes.count, app: change.app) } catch {
      throw .feed(.store(error))
    }
    return zip(changes, moments).map { item, moment in
      let (type, id): (AuditEntry.EntityType, String) =
        switch item.name {
        case .user(let id): (.user, id)
        case .object(let collection, let id): (.collectionObject, "\(collection):\(id)")
        }
      return ChangeNote(
        entry: AuditEntry(type, id: id, action: item.action, userID: author, createdAt: moment))
    }
  }
}
