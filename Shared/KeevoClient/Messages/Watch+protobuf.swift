import Protobuf

extension WatchRequest: ProtobufMessage {
  public init(from reader: inout ProtobufReader) throws(ProtobufError) {
    self.init(shard: 0, rowClass: .data, fromIndex: 0)
    while let field = try reader.next() {
      switch field {
      case 1: shard = try reader.uint32()
      case 2: rowClass = try RowClass(protobuf: reader.uint32())
      case 3: fromIndex = try reader.uint64()
      default: try reader.skip()
      }
    }
  }

  public func write(to writer: inout ProtobufWriter) {
    writer.uint32(1, shard)
    writer.uint32(2, UInt32(rowClass.rawValue))
    writer.uint64(3, fromIndex)
  }
}

extension WatchEvent: ProtobufMessage {
  public init(from reader: inout ProtobufReader) throws(ProtobufError) {
    var event: WatchEvent?
    while let field = try reader.next() {
      switch field {
      case 1:
        var index: UInt64 = 0
        var partition = Partition(app: 0, name: [])
        var key = RowKey(space: 0)
        var value: VersionedValue?
        var inner = try reader.nested()
        while let field = try inner.next() {
          switch field {
          case 1: index = try inner.uint64()
          case 2: partition = try inner.message(Partition.self)
          case 3: key = try inner.message(RowKey.self)
          case 4: value = try inner.message(VersionedValue.self)
          default: try inner.skip()
          }
        }
        event = .changed(index: index, partition: partition, key: key, value: value)
      case 2: event = .progress(index: try reader.uint64())
      case 3: event = .compacted(oldestIndex: try reader.uint64())
      default: try reader.skip()
      }
    }
    guard let event else { throw .invalid("a watch event is one of changed, progress, compacted") }
    self = event
  }

  public func write(to writer: inout ProtobufWriter) {
    switch self {
    case .changed(let index, let partition, let key, let value):
      writer.nested(1) {
        $0.uint64(1, index)
        $0.message(2, partition)
        $0.message(3, key)
        if let value { $0.message(4, value) }
      }
    case .progress(let index): writer.uint64(2, index, always: true)
    case .compacted(let oldest): writer.uint64(3, oldest, always: true)
    }
  }
}

extension Topology.Shard: ProtobufMessage {
  public init(from reader: inout ProtobufReader) throws(ProtobufError) {
    self.init(id: 0, slotStart: 0, slotEnd: 0, leader: "", replicas: [])
    while let field = try reader.next() {
      switch field {
      case 1: id = try reader.uint32()
      case 2: slotStart = try reader.uint32()
      case 3: slotEnd = try reader.uint32()
      case 4: leader = try reader.string()
      case 5: replicas.append(try reader.string())
      default: try reader.skip()
      }
    }
  }

  public func write(to writer: inout ProtobufWriter) {
    writer.uint32(1, id)
    writer.uint32(2, slotStart)
    writer.uint32(3, slotEnd)
    writer.string(4, leader)
    for replica in replicas { writer.string(5, replica, always: true) }
  }
}

extension Topology: ProtobufMessage {
  public init(from reader: inout ProtobufReader) throws(ProtobufError) {
    self.init(mapVersion: 0, shards: [])
    while let field = try reader.next() {
      switch field {
      case 1: mapVersion = try reader.uint64()
      case 2: shards.append(try reader.message(Shard.self))
      default: try reader.skip()
      }
    }
  }

  public func write(to writer: inout ProtobufWriter) {
    writer.uint64(1, mapVersion)
    for shard in shards { writer.message(2, shard) }
  }
}
