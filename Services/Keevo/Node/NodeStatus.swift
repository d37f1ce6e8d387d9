import KeevoClient
import Telemetry

/// How a node stands, for operators.
public struct NodeStatus: Hashable, Sendable {
  public struct Shard: Hashable, Sendable {
    public var id: UInt32
    /// `leader` or `follower`.
    public var role: String
    public var term: UInt64
    public var lastIndex: UInt64
    public var commitIndex: UInt64
    public var appliedIndex: UInt64
    /// What a crash now would find applied; the rest comes back from the log.
    public var flushedIndex: UInt64
    /// About, on disk and in memory tables.
    public var bytes: UInt64
    public var requestClients: Int
  }
  public var nodeID: UInt64
  public var shards: [Shard]
  public var logSegments: Int
  /// Sequence of the oldest segment kept; 0 with none.
  public var firstLogSegment: UInt64
  public var logBytes: Int
}

extension StoreNode {
  public func status() throws(StoreError) -> NodeStatus {
    let consensus = path.consensus
    var rows: [NodeStatus.Shard] = []
    for shard in shards {
      let own = consensus[shard.id]
      rows.append(
        NodeStatus.Shard(
          id: UInt32(shard.id), role: own.role.rawValue, term: own.term, lastIndex: own.lastIndex,
          commitIndex: own.commitIndex, appliedIndex: shard.appliedIndex, flushedIndex: try shard.flushedIndex(),
          bytes: shard.approximateBytes, requestClients: shard.requestClients))
    }
    let (count, first, bytes) = path.withLog { ($0.segments.count, $0.segments.first?.sequence ?? 0, $0.bytes) }
    return NodeStatus(
      nodeID: options.nodeID, shards: rows, logSegments: count, firstLogSegment: first, logBytes: bytes)
  }

  func registerGauges(_ metrics: Metrics) {
    for shard in shards {
      metrics.gauge(
        "keevo_applied_index", labels: "shard=\"\(shard.id)\"", help: "Log index applied."
      ) { [weak shard] in Double(shard?.appliedIndex ?? 0) }
      metrics.gauge(
        "keevo_cache_bytes", labels: "shard=\"\(shard.id)\"",
        help: "Bytes of rows and pages read lately, kept at hand."
      ) { [weak shard] in Double(shard?.cacheBytes ?? 0) }
      metrics.gauge(
        "keevo_shard_bytes", labels: "shard=\"\(shard.id)\"", help: "Bytes on disk and in memory tables, about."
      ) { [weak shard] in Double(shard?.approximateBytes ?? 0) }
    }
    metrics.gauge("keevo_log_segments", help: "Segments of the log.") { [weak self] in
      Double(self?.path.withLog { $0.segments.count } ?? 0)
    }
  }
}
