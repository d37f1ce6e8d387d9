import GRPC
import KeevoClient
import Protobuf
import Telemetry

/// The node's face on the wire: keevo.proto's methods over the node's calls.
extension StoreNode {
  /// What a gRPC server serves for this node.
  public func methods(metrics: Metrics) -> [GRPCMethod: GRPCHandler] {
    [
      KeevoMethods.get: Self.unary { (request: GetRequest) async throws(StoreError) in try await self.get(request) },
      KeevoMethods.multiGet: Self.unary { (request: MultiGetRequest) async throws(StoreError) in
        try await self.multiGet(request)
      },
      KeevoMethods.scan: Self.unary { (request: ScanRequest) async throws(StoreError) in try await self.scan(request) },
      KeevoMethods.multiScan: Self.unary { (request: MultiScanRequest) async throws(StoreError) in
        try await self.multiScan(request)
      },
      KeevoMethods.scanJoin: Self.unary { (request: ScanJoinRequest) async throws(StoreError) in
        try await self.scanJoin(request)
      },
      KeevoMethods.unchanged: Self.unary { (request: UnchangedRequest) async throws(StoreError) in
        try await self.unchanged(request)
      },
      KeevoMethods.write: Self.unary { (message: IdentifiedWrite) async throws(StoreError) in
        try await self.write(message.request, identity: message.identity)
      },
      KeevoMethods.putMany: Self.unary { (message: IdentifiedPutMany) async throws(StoreError) in
        try await self.putMany(message.request, identity: message.identity)
      },
      KeevoMethods.topology: Self.unary { (_: NoMessage) async throws(StoreError) in try await self.topology() },
      KeevoMethods.status: Self.unary { (_: NoMessage) async throws(StoreError) in NodeStatusMessage(try self.status())
      },
      KeevoMethods.metrics: Self.unary { (_: NoMessage) async throws(StoreError) in
        MetricsMessage(text: metrics.prometheusText())
      },
      KeevoMethods.watch: .serverStreaming { (_, bytes, writer) async throws(GRPCStatus) in
        try await self.serveWatch(bytes, writer)
      },
    ]
  }

  private static func unary<
    Request: ProtobufMessage & SendableMetatype, Response: ProtobufMessage & SendableMetatype
  >(
    _ body: @escaping @Sendable (Request) async throws(StoreError) -> Response
  ) -> GRPCHandler {
    .unary { (_, bytes) async throws(GRPCStatus) in
      let request: Request
      do { request = try Request(protobuf: bytes) } catch { throw StoreError.invalid("request: \(error)").status }
      do throws(StoreError) {
        return try await body(request).protobufBytes(reservingCapacity: 512)
      } catch {
        throw error.status
      }
    }
  }

  private func serveWatch(_ bytes: [UInt8], _ writer: GRPCResponseWriter) async throws(GRPCStatus) {
    let request: WatchRequest
    do { request = try WatchRequest(protobuf: bytes) } catch { throw StoreError.invalid("request: \(error)").status }
    do {
      for try await event in try await watch(request) { try await writer.send(event.protobufBytes()) }
    } catch let error as StoreError {
      throw error.status
    } catch let status as GRPCStatus {
      throw status
    } catch {
      throw StoreError.failed("watch: \(error)").status
    }
  }
}

/// A request without fields.
private struct NoMessage: ProtobufMessage {
  init(from reader: inout ProtobufReader) throws(ProtobufError) {
    while try reader.next() != nil { try reader.skip() }
  }
  func write(to writer: inout ProtobufWriter) {}
}

/// `MetricsResponse`.
private struct MetricsMessage: ProtobufMessage {
  var text: String
  init(text: String) { self.text = text }
  init(from reader: inout ProtobufReader) throws(ProtobufError) {
    text = ""
    while let field = try reader.next() {
      if field == 1 { text = try reader.string() } else { try reader.skip() }
    }
  }
  func write(to writer: inout ProtobufWriter) { writer.string(1, text) }
}

extension NodeStatusMessage {
  init(_ status: NodeStatus) {
    self.init()
    nodeID = status.nodeID
    logSegments = UInt32(clamping: status.logSegments)
    logBytes = UInt64(clamping: status.logBytes)
    firstLogSegment = status.firstLogSegment
    shards = status.shards.map { shard in
      var message = NodeStatusMessage.Shard()
      message.id = shard.id
      message.role = shard.role
      message.term = shard.term
      message.lastIndex = shard.lastIndex
      message.commitIndex = shard.commitIndex
      message.appliedIndex = shard.appliedIndex
      message.flushedIndex = shard.flushedIndex
      message.bytes = shard.bytes
      message.requestClients = UInt32(clamping: shard.requestClients)
      return message
    }
  }
}
