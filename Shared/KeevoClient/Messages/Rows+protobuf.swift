import Protobuf

// Field numbers are those of keevo.proto.

extension Partition: ProtobufMessage {
  public init(from reader: inout ProtobufReader) throws(ProtobufError) {
    self.init(app: 0, name: [])
    while let field = try reader.next() {
      switch field {
      case 1: app = try reader.uint32()
      case 2: name = try reader.bytes()
      default: try reader.skip()
      }
    }
  }

  public func write(to writer: inout ProtobufWriter) {
    writer.uint32(1, app)
    writer.bytes(2, name)
  }
}

extension RowClass {
  init(protobuf value: UInt32) throws(ProtobufError) {
    // Unspecified means data.
    guard let known = RowClass(rawValue: UInt8(clamping: max(1, value))) else {
      throw .invalid("row class \(value) is not known; use 1 (data) or 2 (jobs)")
    }
    self = known
  }

  static func space(protobuf value: UInt32) throws(ProtobufError) -> UInt8 {
    guard let space = UInt8(exactly: value) else { throw .invalid("space \(value) is not in 1…255") }
    return space
  }
}

extension RowKey: ProtobufMessage {
  public init(from reader: inout ProtobufReader) throws(ProtobufError) {
    self.init(space: 0)
    while let field = try reader.next() {
      switch field {
      case 1: rowClass = try RowClass(protobuf: reader.uint32())
      case 2: space = try RowClass.space(protobuf: reader.uint32())
      case 3: rest = try reader.bytes()
      default: try reader.skip()
      }
    }
  }

  public func write(to writer: inout ProtobufWriter) {
    writer.uint32(1, UInt32(rowClass.rawValue))
    writer.uint32(2, UInt32(space))
    writer.bytes(3, rest)
  }
}

extension VersionedValue: ProtobufMessage {
  public init(from reader: inout ProtobufReader) throws(ProtobufError) {
    self.init(value: [], version: .zero)
    while let field = try reader.next() {
      switch field {
      case 1: value = try reader.bytes()
      case 2: version = Stamp(try reader.fixed64())
      default: try reader.skip()
      }
    }
  }

  public func write(to writer: inout ProtobufWriter) {
    writer.bytes(1, value)
    writer.fixed64(2, version.rawValue)
  }
}

extension Row: ProtobufMessage {
  public init(from reader: inout ProtobufReader) throws(ProtobufError) {
    self.init(key: RowKey(space: 0), value: [], version: .zero)
    while let field = try reader.next() {
      switch field {
      case 1: key = try reader.message(RowKey.self)
      case 2: value = try reader.bytes()
      case 3: version = Stamp(try reader.fixed64())
      case 4: partition = try reader.message(Partition.self)
      default: try reader.skip()
      }
    }
  }

  public func write(to writer: inout ProtobufWriter) {
    writer.message(1, key)
    writer.bytes(2, value)
    writer.fixed64(3, version.rawValue)
    if let partition { writer.message(4, partition) }
  }
}

extension RowRange: ProtobufMessage {
  public init(from reader: inout ProtobufReader) throws(ProtobufError) {
    self.init(space: 0)
    while let field = try reader.next() {
      switch field {
      case 1: rowClass = try RowClass(protobuf: reader.uint32())
      case 2: space = try RowClass.space(protobuf: reader.uint32())
      case 3: start = try reader.bytes()
      case 4: end = try reader.bytes()
      default: try reader.skip()
      }
    }
  }

  public func write(to writer: inout ProtobufWriter) {
    writer.uint32(1, UInt32(rowClass.rawValue))
    writer.uint32(2, UInt32(space))
    writer.bytes(3, start)
    writer.bytes(4, end)
  }
}

/// `MaybeValue`: a row that may not be there.
struct MaybeValue: ProtobufMessage {
  var row: VersionedValue?

  init(_ row: VersionedValue?) { self.row = row }

  init(from reader: inout ProtobufReader) throws(ProtobufError) {
    row = nil
    while let field = try reader.next() {
      switch field {
      case 1: row = try reader.message(VersionedValue.self)
      default: try reader.skip()
      }
    }
  }

  func write(to writer: inout ProtobufWriter) {
    if let row { writer.message(1, row) }
  }
}

extension Consistency {
  init(staleMilliseconds: UInt32?) {
    self = staleMilliseconds.map { .stale(maxMilliseconds: $0) } ?? .linearizable
  }

  /// Writes the `optional uint32 stale_milliseconds` of a read.
  func write(_ field: Int, to writer: inout ProtobufWriter) {
    if case .stale(let milliseconds) = self { writer.uint32(field, milliseconds, always: true) }
  }
}
