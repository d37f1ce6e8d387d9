import Synchronization

/// Notes which partitions the reads of one piece of work touch, so that what was made of them can be kept for as long as the
/// store says that nothing there has changed (`KeyValueStore.unchanged`).
public final class ReadRecorder: Sendable {
  /// Of the task that runs, and of those it starts.
  @TaskLocal public static var current: ReadRecorder?

  private struct State {
    var places: Set<UInt32> = []
    var isBounded = true
  }
  private let state = Mutex(State())

  public init() {}

  /// The places of all partitions that were read; `nil` where more was read than partitions, or more than may be asked about.
  public var places: [UInt32]? {
    state.withLock { $0.isBounded && $0.places.count <= StoreLimits.unchangedPlacesMax ? Array($0.places) : nil }
  }

  func note(_ partitions: some Sequence<Partition>) {
    let places = partitions.map(\.place)
    state.withLock { $0.places.formUnion(places) }
  }

  /// Something was read that no partition bounds.
  func noteUnbounded() { state.withLock { $0.isBounded = false } }
}

/// A store whose reads are noted by the `ReadRecorder` of the task, if it has one.
public struct RecordingStore: KeyValueStore {
  private let store: any KeyValueStore

  public init(_ store: any KeyValueStore) { self.store = store }

  public func get(_ request: GetRequest) async throws(StoreError) -> GetResponse {
    ReadRecorder.current?.note(CollectionOfOne(request.partition))
    return try await store.get(request)
  }

  public func multiGet(_ request: MultiGetRequest) async throws(StoreError) -> MultiGetResponse {
    ReadRecorder.current?.note(request.items.lazy.map(\.partition))
    return try await store.multiGet(request)
  }

  public func scan(_ request: ScanRequest) async throws(StoreError) -> ScanResponse {
    Self.note(request)
    return try await store.scan(request)
  }

  public func multiScan(_ request: MultiScanRequest) async throws(StoreError) -> MultiScanResponse {
    for scan in request.scans { Self.note(scan) }
    return try await store.multiScan(request)
  }

  private static func note(_ request: ScanRequest) {
    guard let recorder = ReadRecorder.current else { return }
    switch request.scope {
    case .partition(let partition, _): recorder.note(CollectionOfOne(partition))
    case .shard: recorder.noteUnbounded()
    }
  }

  public func scanJoin(_ request: ScanJoinRequest) async throws(StoreError) -> ScanJoinResponse {
    let answer = try await store.scanJoin(request)
    if let recorder = ReadRecorder.current {
      recorder.note(CollectionOfOne(request.partition))
      recorder.note(
        answer.rows.lazy.filter { $0.joined != .same }.compactMap { item in
          request.join.partitionName(of: item.row.key.rest).map { Partition(app: request.partition.app, name: $0) }
        })
    }
    return answer
  }

  public func unchanged(_ request: UnchangedRequest) async throws(StoreError) -> UnchangedResponse {
    try await store.unchanged(request)
  }
  public func write(_ request: WriteRequest) async throws(StoreError) -> WriteResponse {
    try await store.write(request)
  }
  public func putMany(_ request: PutManyRequest) async throws(StoreError) -> PutManyResponse {
    try await store.putMany(request)
  }
  public func watch(_ request: WatchRequest) async throws(StoreError) -> WatchStream { try await store.watch(request) }
  public func topology() async throws(StoreError) -> Topology { try await store.topology() }
}
