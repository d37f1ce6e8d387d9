import Protobuf

extension ScanRequest: ProtobufMessage {
  public init(from reader: inout ProtobufReader) throws(ProtobufError) {
    var scope: Scope?
    self.init(scope: .shard(0, .data), limit: 0)
    while let field = try reader.next() {
      switch field {
      case 1:
        var partition = Partition(app: 0, name: [])
        var range = RowRange(space: 0)
        var inner = try reader.nested()
        while let field = try inner.next() {
          switch field {
          case 1: partition = try inner.message(Partition.self)
          case 2: range = try inner.message(RowRange.self)
          default: try inner.skip()
          }
        }
        scope = .partition(partition, range)
      case 2:
        var shard: UInt32 = 0
        var rowClass = RowClass.data
        var inner = try reader.nested()
        while let field = try inner.next() {
          switch field {
          case 1: shard = try inner.uint32()
          case 2: rowClass = try RowClass(protobuf: inner.uint32())
          default: try inner.skip()
          }
        }
        scope = .shard(shard, rowClass)
      case 3: reverse = try reader.bool()
      case 4: limit = Int(try reader.uint32())
      case 5: cursor = try reader.bytes()
      case 6: keysOnly = try reader.bool()
      case 7: consistency = Consistency(staleMilliseconds: try reader.uint32())
      default: try reader.skip()
      }
    }
    guard let scope else { throw .invalid("a scan names a partition or a shard") }
    self.scope = scope
  }

  public func write(to writer: inout ProtobufWriter) {
    switch scope {
    case .partition(let partition, let range):
      writer.nested(1) {
        $0.message(1, partition)
        $0.message(2, range)
      }
    case .shard(let shard, let rowClass):
      writer.nested(2) {
        $0.uint32(1, shard)
        $0.uint32(2, UInt32(rowClass.rawValue))
      }
    }
    writer.bool(3, reverse)
    writer.uint32(4, UInt32(clamping: limit))
    writer.bytes(5, cursor)
    writer.bool(6, keysOnly)
    consistency.write(7, to: &writer)
  }
}

extension ScanResponse: ProtobufMessage {
  public init(from reader: inout ProtobufReader) throws(ProtobufError) {
    self.init(rows: [], next: [], readStamp: .zero, appliedIndex: 0)
    while let field = try reader.next() {
      switch field {
      case 1: rows.append(try reader.message(Row.self))
      case 2: next = try reader.bytes()
      case 3: readStamp = Stamp(try reader.fixed64())
      case 4: appliedIndex = try reader.uint64()
      default: try reader.skip()
      }
    }
  }

  public func write(to writer: inout ProtobufWriter) {
    for row in rows { writer.message(1, row) }
    writer.bytes(2, next)
    writer.fixed64(3, readStamp.rawValue)
    writer.uint64(4, appliedIndex)
  }
}

extension MultiScanRequest: ProtobufMessage {
  public init(from reader: inout ProtobufReader) throws(ProtobufError) {
    self.init(scans: [])
    while let field = try reader.next() {
      switch field {
      case 1: scans.append(try reader.message(ScanRequest.self))
      default: try reader.skip()
      }
    }
  }

  public func write(to writer: inout ProtobufWriter) {
    for scan in scans { writer.message(1, scan) }
  }
}

extension MultiScanResponse: ProtobufMessage {
  public init(from reader: inout ProtobufReader) throws(ProtobufError) {
    self.init(pages: [])
    while let field = try reader.next() {
      switch field {
      case 1: pages.append(try reader.message(ScanResponse.self))
      default: try reader.skip()
      }
    }
  }

  public func write(to writer: inout ProtobufWriter) {
    for page in pages { writer.message(1, page) }
  }
}

extension JoinRule: ProtobufMessage {
  public init(from reader: inout ProtobufReader) throws(ProtobufError) {
    self.init(keyOffset: 0, length: 0, inverted: false, space: 0)
    while let field = try reader.next() {
      switch field {
      case 1: keyOffset = Int(try reader.uint32())
      case 2: length = Int(try reader.uint32())
      case 3: inverted = try reader.bool()
      case 4: space = try RowClass.space(protobuf: reader.uint32())
      case 5: rest = try reader.bytes()
      default: try reader.skip()
      }
    }
  }

  public func write(to writer: inout ProtobufWriter) {
    writer.uint32(1, UInt32(clamping: keyOffset))
    writer.uint32(2, UInt32(clamping: length))
    writer.bool(3, inverted)
    writer.uint32(4, UInt32(space))
    writer.bytes(5, rest)
  }
}

extension ScanJoinRequest: ProtobufMessage {
  public init(from reader: inout ProtobufReader) throws(ProtobufError) {
    self.init(
      partition: Partition(app: 0, name: []), range: RowRange(space: 0), limit: 0,
      join: JoinRule(keyOffset: 0, length: 0, inverted: false, space: 0))
    while let field = try reader.next() {
      switch field {
      case 1: partition = try reader.message(Partition.self)
      case 2: range = try reader.message(RowRange.self)
      case 3: reverse = try reader.bool()
      case 4: limit = Int(try reader.uint32())
      case 5: cursor = try reader.bytes()
      case 6: join = try reader.message(JoinRule.self)
      case 7: alsoGet.append(try reader.message(RowKey.self))
      case 8: consistency = Consistency(staleMilliseconds: try reader.uint32())
      default: try reader.skip()
      }
    }
  }

  public func write(to writer: inout ProtobufWriter) {
    writer.message(1, partition)
    writer.message(2, range)
    writer.bool(3, reverse)
    writer.uint32(4, UInt32(clamping: limit))
    writer.bytes(5, cursor)
    writer.message(6, join)
    for key in alsoGet { writer.message(7, key) }
    consistency.write(8, to: &writer)
  }
}

extension ScanJoinResponse.JoinedRow: ProtobufMessage {
  public init(from reader: inout ProtobufReader) throws(ProtobufError) {
    self.init(row: Row(key: RowKey(space: 0), value: [], version: .zero), joined: .absent)
    var outcome: UInt32 = 0
    var value = VersionedValue(value: [], version: .zero)
    while let field = try reader.next() {
      switch field {
      case 1: row = try reader.message(Row.self)
      case 2: outcome = try reader.uint32()
      case 3: value = try reader.message(VersionedValue.self)
      default: try reader.skip()
      }
    }
    switch outcome {
    case 0: joined = .absent
    case 1: joined = .found(value)
    case 2: joined = .unresolved
    case 3: joined = .same
    default: throw .invalid("outcome \(outcome) of a join is not known")
    }
  }

  public func write(to writer: inout ProtobufWriter) {
    writer.message(1, row)
    switch joined {
    case .absent: break
    case .found(let value):
      writer.uint32(2, 1)
      writer.message(3, value)
    case .unresolved: writer.uint32(2, 2)
    case .same: writer.uint32(2, 3)
    }
  }
}

extension ScanJoinResponse: ProtobufMessage {
  public init(from reader: inout ProtobufReader) throws(ProtobufError) {
    self.init(rows: [], also: [], next: [], readStamp: .zero)
    while let field = try reader.next() {
      switch field {
      case 1: rows.append(try reader.message(JoinedRow.self))
      case 2: also.append(try reader.message(MaybeValue.self).row)
      case 3: next = try reader.bytes()
      case 4: readStamp = Stamp(try reader.fixed64())
      default: try reader.skip()
      }
    }
  }

  public func write(to writer: inout ProtobufWriter) {
    for row in rows { writer.message(1, row) }
    for row in also { writer.message(2, MaybeValue(row)) }
    writer.bytes(3, next)
    writer.fixed64(4, readStamp.rawValue)
  }
}
