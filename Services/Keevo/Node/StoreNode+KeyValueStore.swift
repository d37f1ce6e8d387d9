import KeevoClient

/// A node in the same process serves as the store itself: it then gives its writes an identity of its own.
extension StoreNode: KeyValueStore {
  public func write(_ request: WriteRequest) async throws(StoreError) -> WriteResponse {
    let identity = nextIdentity()
    defer { finish(identity) }
    return try await write(request, identity: identity)
  }

  public func putMany(_ request: PutManyRequest) async throws(StoreError) -> PutManyResponse {
    let identity = nextIdentity()
    defer { finish(identity) }
    return try await putMany(request, identity: identity)
  }

  public func watch(_ request: WatchRequest) async throws(StoreError) -> WatchStream {
    guard request.shard < UInt32(shards.count) else {
      throw .invalid("there is no shard \(request.shard), the last is \(shards.count - 1)")
    }
    return WatchReader.stream(shards[Int(request.shard)].ring(request.rowClass), fromIndex: request.fromIndex)
  }

  public func topology() async throws(StoreError) -> Topology {
    Topology(
      mapVersion: UInt64(ShardStateMachine.mapEpoch),
      shards: shards.map {
        .init(
          id: UInt32($0.id), slotStart: $0.slotStart, slotEnd: $0.slotEnd, leader: options.address,
          replicas: [options.address])
      })
  }
}
