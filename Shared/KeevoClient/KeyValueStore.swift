/// A replicated, ordered key-value store: the seam that the feed domain and the jobs stand on.
///
/// `MemoryStore` and the gRPC client both pass the seam's contract test. Rows are addressed by app, *partition* (an ASCII
/// name; all rows of one partition lie together and change atomically), a one-byte *space* and free bytes (`rest`).
/// Rules: shared design B1–B6. Every row has a version: the stamp of the sub-batch that last wrote it.
public protocol KeyValueStore: Sendable {
  func get(_ request: GetRequest) async throws(StoreError) -> GetResponse
  func multiGet(_ request: MultiGetRequest) async throws(StoreError) -> MultiGetResponse
  func scan(_ request: ScanRequest) async throws(StoreError) -> ScanResponse
  /// Several scans at once; as many pages, in order, as one answer holds, and at least the first.
  func multiScan(_ request: MultiScanRequest) async throws(StoreError) -> MultiScanResponse
  func scanJoin(_ request: ScanJoinRequest) async throws(StoreError) -> ScanJoinResponse
  /// Whether anything has changed at some places: what was made of reads of them may be kept for as long as not.
  func unchanged(_ request: UnchangedRequest) async throws(StoreError) -> UnchangedResponse
  func write(_ request: WriteRequest) async throws(StoreError) -> WriteResponse
  func putMany(_ request: PutManyRequest) async throws(StoreError) -> PutManyResponse
  /// Changes of one shard and class from `fromIndex` on, in order, without gaps; ends with `.compacted` when
  /// that is no longer kept: scan, then watch from the scan's applied index + 1.
  func watch(_ request: WatchRequest) async throws(StoreError) -> WatchStream
  func topology() async throws(StoreError) -> Topology
}

extension KeyValueStore {
  /// One after the other, until the pages have more bytes than one may have.
  public func multiScan(_ request: MultiScanRequest) async throws(StoreError) -> MultiScanResponse {
    try StoreLimits.check(request)
    var pages: [ScanResponse] = []
    var bytes = 0
    for scan in request.scans where bytes <= StoreLimits.pageBytesMax {
      let page = try await self.scan(scan)
      bytes += page.rows.reduce(0) { $0 + $1.key.rest.count + $1.value.count }
      pages.append(page)
    }
    return MultiScanResponse(pages: pages)
  }
}
