import KeevoClient
import Synchronization

/// A store that counts reads, and notes what each `multiGet` asks for.
final class CountingStore: KeyValueStore {
  private let store: any KeyValueStore
  private let state = Mutex<(gets: Int, multiGets: [Int])>((0, []))

  init(_ store: any KeyValueStore) { self.store = store }

  /// The number of keys of each `multiGet` so far, in order.
  var multiGets: [Int] { state.withLock { $0.multiGets } }
  var gets: Int { state.withLock { $0.gets } }

  func get(_ request: GetRequest) async throws(StoreError) -> GetResponse {
    state.withLock { $0.gets += 1 }
    return try await store.get(request)
  }
  func multiGet(_ request: MultiGetRequest) async throws(StoreError) -> MultiGetResponse {
    state.withLock { $0.multiGets.append(request.items.count) }
    return try await store.multiGet(request)
  }
  func scan(_ request: ScanRequest) async throws(StoreError) -> ScanResponse { try await store.scan(request) }
  func scanJoin(_ request: ScanJoinRequest) async throws(StoreError) -> ScanJoinResponse {
    try await store.scanJoin(request)
  }
  func write(_ request: WriteRequest) async throws(StoreError) -> WriteResponse { try await store.write(request) }
  func putMany(_ request: PutManyRequest) async throws(StoreError) -> PutManyResponse {
    try await store.putMany(request)
  }
  func unchanged(_ request: UnchangedRequest) async throws(StoreError) -> UnchangedResponse {
    try await store.unchanged(request)
  }
  func watch(_ request: WatchRequest) async throws(StoreError) -> WatchStream { try await store.watch(request) }
  func topology() async throws(StoreError) -> Topology { try await store.topology() }
}
