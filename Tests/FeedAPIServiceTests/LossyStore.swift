import KeevoClient
import Synchronization

/// A store whose answers to writes get lost when a test says so: the write takes effect, its caller does not hear of it. It counts
/// its reads.
final class LossyStore: KeyValueStore {
  private let store: any KeyValueStore
  /// Which of the coming writes lose their answer, counted from 1; what is left of earlier ones is forgotten.
  private let lost = Mutex<Int?>(nil)
  private let counts = Mutex<(reads: Int, questions: Int)>((0, 0))

  /// Reads so far, and questions whether something is unchanged.
  var reads: Int { counts.withLock { $0.reads } }
  var questions: Int { counts.withLock { $0.questions } }

  init(_ store: any KeyValueStore) { self.store = store }

  func loseAnswer(ofWrite number: Int) { lost.withLock { $0 = number } }

  func write(_ request: WriteRequest) async throws(StoreError) -> WriteResponse {
    let response = try await store.write(request)
    let isLost = lost.withLock { lost in
      lost = lost.map { $0 - 1 }
      guard lost == 0 else { return false }
      lost = nil
      return true
    }
    if isLost { throw .unknown("the answer was lost") }
    return response
  }

  private func countRead() { counts.withLock { $0.reads += 1 } }

  func get(_ request: GetRequest) async throws(StoreError) -> GetResponse {
    countRead()
    return try await store.get(request)
  }
  func multiGet(_ request: MultiGetRequest) async throws(StoreError) -> MultiGetResponse {
    countRead()
    return try await store.multiGet(request)
  }
  func scan(_ request: ScanRequest) async throws(StoreError) -> ScanResponse {
    countRead()
    return try await store.scan(request)
  }
  func scanJoin(_ request: ScanJoinRequest) async throws(StoreError) -> ScanJoinResponse {
    countRead()
    return try await store.scanJoin(request)
  }
  func putMany(_ request: PutManyRequest) async throws(StoreError) -> PutManyResponse {
    try await store.putMany(request)
  }
  func unchanged(_ request: UnchangedRequest) async throws(StoreError) -> UnchangedResponse {
    counts.withLock { $0.questions += 1 }
    return try await store.unchanged(request)
  }
  func watch(_ request: WatchRequest) async throws(StoreError) -> WatchStream { try await store.watch(request) }
  func topology() async throws(StoreError) -> Topology { try await store.topology() }
}
