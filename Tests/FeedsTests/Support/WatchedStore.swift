import KeevoClient

/// A store that shows each write with its answer, at the moment it takes effect.
struct WatchedStore: KeyValueStore {
  private let store: any KeyValueStore
  private let observe: @Sendable (WriteRequest, WriteResponse) -> Void

  init(_ store: any KeyValueStore, _ observe: @escaping @Sendable (WriteRequest, WriteResponse) -> Void) {
    self.store = store
    self.observe = observe
  }

  func get(_ request: GetRequest) async throws(StoreError) -> GetResponse { try await store.get(request) }
  func multiGet(_ request: MultiGetRequest) async throws(StoreError) -> MultiGetResponse {
    try await store.multiGet(request)
  }
  func scan(_ request: ScanRequest) async throws(StoreError) -> ScanResponse { try await store.scan(request) }
  func scanJoin(_ request: ScanJoinRequest) async throws(StoreError) -> ScanJoinResponse {
    try await store.scanJoin(request)
  }
  func write(_ request: WriteRequest) async throws(StoreError) -> WriteResponse {
    let response = try await store.write(request)
    observe(request, response)
    return response
  }
  func putMany(_ request: PutManyRequest) async throws(StoreError) -> PutManyResponse {
    try await store.putMany(request)
  }
  func unchanged(_ request: UnchangedRequest) async throws(StoreError) -> UnchangedResponse {
    try await store.unchanged(request)
  }
  func watch(_ request: WatchRequest) async throws(StoreError) -> WatchStream { try await store.watch(request) }
  func topology() async throws(StoreError) -> Topology { try await store.topology() }
}
