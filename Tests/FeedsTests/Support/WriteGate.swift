import KeevoClient
import Synchronization

/// A store that does something right before a write.
final class WriteGate: KeyValueStore {
  private let store: any KeyValueStore
  private let work = Mutex<(@Sendable () async -> Void)?>(nil)

  init(_ store: any KeyValueStore) { self.store = store }

  func beforeNextWrite(_ body: @escaping @Sendable () async -> Void) { work.withLock { $0 = body } }

  func get(_ request: GetRequest) async throws(StoreError) -> GetResponse { try await store.get(request) }
  func multiGet(_ request: MultiGetRequest) async throws(StoreError) -> MultiGetResponse {
    try await store.multiGet(request)
  }
  func scan(_ request: ScanRequest) async throws(StoreError) -> ScanResponse { try await store.scan(request) }
  func scanJoin(_ request: ScanJoinRequest) async throws(StoreError) -> ScanJoinResponse {
    try await store.scanJoin(request)
  }
  func write(_ request: WriteRequest) async throws(StoreError) -> WriteResponse {
    let body = work.withLock { work in
      defer { work = nil }
      return work
    }
    await body?()
    return try await store.write(request)
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
