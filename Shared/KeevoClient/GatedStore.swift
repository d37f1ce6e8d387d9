/// A store behind a gate that every call passes first: for tests that interleave several callers step by step, delay
/// them, or end one between two calls (the gate throws, and the call does not happen).
public struct GatedStore: KeyValueStore {
  /// Awaited before a call reaches the store behind.
  public typealias Gate = @Sendable (_ call: String) async throws(StoreError) -> Void

  private let store: any KeyValueStore
  private let gate: Gate

  public init(_ store: any KeyValueStore, gate: @escaping Gate) {
    self.store = store
    self.gate = gate
  }

  public func get(_ request: GetRequest) async throws(StoreError) -> GetResponse {
    try await gate("get")
    return try await store.get(request)
  }
  public func multiGet(_ request: MultiGetRequest) async throws(StoreError) -> MultiGetResponse {
    try await gate("multiGet")
    return try await store.multiGet(request)
  }
  public func scan(_ request: ScanRequest) async throws(StoreError) -> ScanResponse {
    try await gate("scan")
    return try await store.scan(request)
  }
  public func multiScan(_ request: MultiScanRequest) async throws(StoreError) -> MultiScanResponse {
    try await gate("multiScan")
    return try await store.multiScan(request)
  }
  public func scanJoin(_ request: ScanJoinRequest) async throws(StoreError) -> ScanJoinResponse {
    try await gate("scanJoin")
    return try await store.scanJoin(request)
  }
  public func unchanged(_ request: UnchangedRequest) async throws(StoreError) -> UnchangedResponse {
    try await gate("unchanged")
    return try await store.unchanged(request)
  }
  public func write(_ request: WriteRequest) async throws(StoreError) -> WriteResponse {
    try await gate("write")
    return try await store.write(request)
  }
  public func putMany(_ request: PutManyRequest) async throws(StoreError) -> PutManyResponse {
    try await gate("putMany")
    return try await store.putMany(request)
  }
  public func watch(_ request: WatchRequest) async throws(StoreError) -> WatchStream {
    try await gate("watch")
    return try await store.watch(request)
  }
  public func topology() async throws(StoreError) -> Topology { try await store.topology() }
}
