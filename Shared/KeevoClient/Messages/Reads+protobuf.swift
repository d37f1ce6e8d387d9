import Protobuf

extension GetRequest: ProtobufMessage {
  public init(from reader: inout ProtobufReader) throws(ProtobufError) {
    self.init(partition: Partition(app: 0, name: []), key: RowKey(space: 0))
    while let field = try reader.next() {
      switch field {
      case 1: partition = try reader.message(Partition.self)
      case 2: key = try reader.message(RowKey.self)
      case 3: consistency = Consistency(staleMilliseconds: try reader.uint32())
      default: try reader.skip()
      }
    }
  }

  public func write(to writer: inout ProtobufWriter) {
    writer.message(1, partition)
    writer.message(2, key)
    consistency.write(3, to: &writer)
  }
}

extension GetResponse: ProtobufMessage {
  public init(from reader: inout ProtobufReader) throws(ProtobufError) {
    self.init(row: nil, readStamp: .zero)
    while let field = try reader.next() {
      switch field {
      case 1: row = try reader.message(VersionedValue.self)
      case 2: readStamp = Stamp(try reader.fixed64())
      default: try reader.skip()
      }
    }
  }

  public func write(to writer: inout ProtobufWriter) {
    if let row { writer.message(1, row) }
    writer.fixed64(2, readStamp.rawValue)
  }
}

extension MultiGetRequest.Item: ProtobufMessage {
  public init(from reader: inout ProtobufReader) throws(ProtobufError) {
    self.init(partition: Partition(app: 0, name: []), key: RowKey(space: 0))
    while let field = try reader.next() {
      switch field {
      case 1: partition = try reader.message(Partition.self)
      case 2: key = try reader.message(RowKey.self)
      default: try reader.skip()
      }
    }
  }

  public func write(to writer: inout ProtobufWriter) {
    writer.message(1, partition)
    writer.message(2, key)
  }
}

extension MultiGetRequest: ProtobufMessage {
  public init(from reader: inout ProtobufReader) throws(ProtobufError) {
    self.init(items: [])
    while let field = try reader.next() {
      switch field {
      case 1: items.append(try reader.message(Item.self))
      case 2: consistency = Consistency(staleMilliseconds: try reader.uint32())
      default: try reader.skip()
      }
    }
  }

  public func write(to writer: inout ProtobufWriter) {
    for item in items { writer.message(1, item) }
    consistency.write(2, to: &writer)
  }
}

extension MultiGetResponse: ProtobufMessage {
  public init(from reader: inout ProtobufReader) throws(ProtobufError) {
    self.init(rows: [])
    while let field = try reader.next() {
      switch field {
      case 1: rows.append(try reader.message(MaybeValue.self).row)
      default: try reader.skip()
      }
    }
  }

  public func write(to writer: inout ProtobufWriter) {
    for row in rows { writer.message(1, MaybeValue(row)) }
  }
}
