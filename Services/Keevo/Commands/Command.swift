import KeevoClient

/// One client's request for one shard, as it lies in a log entry.
struct Command: Equatable, Sendable {
  enum Body: Equatable, Sendable {
    case write([SubBatch])
    case putMany(PutManyRequest)
  }

  var identity: RequestIdentity
  /// Sixteen bytes, or none.
  var traceID: [UInt8]
  var body: Body

  /// How many stamps it needs.
  var ordinals: Int {
    switch body {
    case .write(let batches): batches.count
    case .putMany: 1
    }
  }
}
