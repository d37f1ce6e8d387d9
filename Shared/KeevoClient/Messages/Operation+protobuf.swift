import Protobuf

extension Operation: ProtobufMessage {
  public init(from reader: inout ProtobufReader) throws(ProtobufError) {
    var operation: Operation?
    while let field = try reader.next() {
      switch field {
      case 1:
        let put = try reader.message(PutMessage.self)
        operation = .put(put.key, value: put.value, keyStampAt: put.keyStampAt, valueStampAt: put.valueStampAt)
      case 2:
        let put = try reader.message(PutMessage.self)
        operation = .putIfAbsent(put.key, value: put.value, keyStampAt: put.keyStampAt, valueStampAt: put.valueStampAt)
      case 3: operation = .delete(try reader.message(RowKey.self))
      case 4: operation = .deleteRange(try reader.message(RowRange.self))
      case 5:
        var key = RowKey(space: 0)
        var delta: Int64 = 0
        var inner = try reader.nested()
        while let field = try inner.next() {
          switch field {
          case 1: key = try inner.message(RowKey.self)
          case 2: delta = try inner.sint64()
          default: try inner.skip()
          }
        }
        operation = .add(key, delta: delta)
      default: try reader.skip()
      }
    }
    guard let operation else { throw .invalid("an operation is one of put, put_if_absent, delete, delete_range, add") }
    self = operation
  }

  public func write(to writer: inout ProtobufWriter) {
    switch self {
    case .put(let key, let value, let keyStampAt, let valueStampAt):
      writer.message(1, PutMessage(key: key, value: value, keyStampAt: keyStampAt, valueStampAt: valueStampAt))
    case .putIfAbsent(let key, let value, let keyStampAt, let valueStampAt):
      writer.message(2, PutMessage(key: key, value: value, keyStampAt: keyStampAt, valueStampAt: valueStampAt))
    case .delete(let key): writer.message(3, key)
    case .deleteRange(let range): writer.message(4, range)
    case .add(let key, let delta):
      writer.nested(5) {
        $0.message(1, key)
        $0.sint64(2, delta)
      }
    }
  }
}

/// `Put`.
struct PutMessage: ProtobufMessage {
  var key = RowKey(space: 0)
  var value: [UInt8] = []
  var keyStampAt: [Int] = []
  var valueStampAt: [Int] = []

  init(key: RowKey, value: [UInt8], keyStampAt: [Int], valueStampAt: [Int]) {
    self.key = key
    self.value = value
    self.keyStampAt = keyStampAt
    self.valueStampAt = valueStampAt
  }

  init(from reader: inout ProtobufReader) throws(ProtobufError) {
    var (keyOffsets, valueOffsets): ([UInt64], [UInt64]) = ([], [])
    while let field = try reader.next() {
      switch field {
      case 1: key = try reader.message(RowKey.self)
      case 2: value = try reader.bytes()
      case 3: try reader.repeatedUInt64(into: &keyOffsets)
      case 4: try reader.repeatedUInt64(into: &valueOffsets)
      default: try reader.skip()
      }
    }
    keyStampAt = keyOffsets.map { Int(clamping: $0) }
    valueStampAt = valueOffsets.map { Int(clamping: $0) }
  }

  func write(to writer: inout ProtobufWriter) {
    writer.message(1, key)
    writer.bytes(2, value)
    writer.packed(3, keyStampAt.map { UInt64($0) })
    writer.packed(4, valueStampAt.map { UInt64($0) })
  }
}

extension Condition: ProtobufMessage {
  public init(from reader: inout ProtobufReader) throws(ProtobufError) {
    var condition: Condition?
    while let field = try reader.next() {
      switch field {
      case 1: condition = .absent(try reader.message(RowKey.self))
      case 2:
        var key = RowKey(space: 0)
        var version: UInt64 = 0
        var inner = try reader.nested()
        while let field = try inner.next() {
          switch field {
          case 1: key = try inner.message(RowKey.self)
          case 2: version = try inner.fixed64()
          default: try inner.skip()
          }
        }
        condition = .versionEquals(key, Stamp(version))
      case 3:
        var key = RowKey(space: 0)
        var value: [UInt8] = []
        var inner = try reader.nested()
        while let field = try inner.next() {
          switch field {
          case 1: key = try inner.message(RowKey.self)
          case 2: value = try inner.bytes()
          default: try inner.skip()
          }
        }
        condition = .valueEquals(key, value)
      case 4: condition = .rangeEmpty(try reader.message(RowRange.self))
      case 5: condition = .notAfter(milliseconds: try reader.uint64())
      default: try reader.skip()
      }
    }
    guard let condition else {
      throw .invalid("a condition is one of absent, version_equals, value_equals, range_empty, not_after")
    }
    self = condition
  }

  public func write(to writer: inout ProtobufWriter) {
    switch self {
    case .absent(let key): writer.message(1, key)
    case .versionEquals(let key, let version):
      writer.nested(2) {
        $0.message(1, key)
        $0.fixed64(2, version.rawValue)
      }
    case .valueEquals(let key, let value):
      writer.nested(3) {
        $0.message(1, key)
        $0.bytes(2, value)
      }
    case .rangeEmpty(let range): writer.message(4, range)
    case .notAfter(let milliseconds): writer.uint64(5, milliseconds, always: true)
    }
  }
}
