import Protobuf

/// `StatusResponse`: how a node and its shards stand.
public struct NodeStatusMessage: Hashable, Sendable, ProtobufMessage {
  public struct Shard: Hashable, Sendable, ProtobufMessage {
    public var id: UInt32 = 0
    /// `leader` or `follower`.
    public var role = ""
    public var term: UInt64 = 0
    public var lastIndex: UInt64 = 0
    public var commitIndex: UInt64 = 0
    public var appliedIndex: UInt64 = 0
    public var flushedIndex: UInt64 = 0
    public var bytes: UInt64 = 0
    public var requestClients: UInt32 = 0

    public init() {}

    public init(from reader: inout ProtobufReader) throws(ProtobufError) {
      while let field = try reader.next() {
        switch field {
        case 1: id = try reader.uint32()
        case 2: role = try reader.string()
        case 3: term = try reader.uint64()
        case 4: lastIndex = try reader.uint64()
        case 5: commitIndex = try reader.uint64()
        case 6: appliedIndex = try reader.uint64()
        case 7: flushedIndex = try reader.uint64()
        case 8: bytes = try reader.uint64()
        case 9: requestClients = try reader.uint32()
        default: try reader.skip()
        }
      }
    }

    public func write(to writer: inout ProtobufWriter) {
      writer.uint32(1, id)
      writer.string(2, role)
      writer.uint64(3, term)
      writer.uint64(4, lastIndex)
      writer.uint64(5, commitIndex)
      writer.uint64(6, appliedIndex)
      writer.uint64(7, flushedIndex)
      writer.uint64(8, bytes)
      writer.uint32(9, requestClients)
    }
  }

  public var nodeID: UInt64 = 0
  public var shards: [Shard] = []
  public var logSegments: UInt32 = 0
  public var logBytes: UInt64 = 0
  public var firstLogSegment: UInt64 = 0

  public init() {}

  public init(from reader: inout ProtobufReader) throws(ProtobufError) {
    while let field = try reader.next() {
      switch field {
      case 1: nodeID = try reader.uint64()
      case 2: shards.append(try reader.message(Shard.self))
      case 3: logSegments = try reader.uint32()
      case 4: logBytes = try reader.uint64()
      case 5: firstLogSegment = try reader.uint64()
      default: try reader.skip()
      }
    }
  }

  public func write(to writer: inout ProtobufWriter) {
    writer.uint64(1, nodeID)
    for shard in shards { writer.message(2, shard) }
    writer.uint32(3, logSegments)
    writer.uint64(4, logBytes)
    writer.uint64(5, firstLogSegment)
  }
}
