import Protobuf

extension RequestIdentity: ProtobufMessage {
  public init(from reader: inout ProtobufReader) throws(ProtobufError) {
    self.init(clientID: 0, sequence: 0, acknowledgedBelow: 0)
    while let field = try reader.next() {
      switch field {
      case 1: clientID = try reader.fixed64()
      case 2: sequence = try reader.uint64()
      case 3: acknowledgedBelow = try reader.uint64()
      default: try reader.skip()
      }
    }
  }

  public func write(to writer: inout ProtobufWriter) {
    writer.fixed64(1, clientID)
    writer.uint64(2, sequence)
    writer.uint64(3, acknowledgedBelow)
  }
}

extension SubBatch: ProtobufMessage {
  public init(from reader: inout ProtobufReader) throws(ProtobufError) {
    self.init(partition: Partition(app: 0, name: []), operations: [])
    while let field = try reader.next() {
      switch field {
      case 1: partition = try reader.message(Partition.self)
      case 2: conditions.append(try reader.message(Condition.self))
      case 3: operations.append(try reader.message(Operation.self))
      case 4: scanAfter = try reader.message(RowRange.self)
      case 5: scanAfterLimit = Int(try reader.uint32())
      default: try reader.skip()
      }
    }
  }

  public func write(to writer: inout ProtobufWriter) {
    writer.message(1, partition)
    for condition in conditions { writer.message(2, condition) }
    for operation in operations { writer.message(3, operation) }
    if let scanAfter { writer.message(4, scanAfter) }
    writer.uint32(5, UInt32(clamping: scanAfterLimit))
  }
}

extension SubBatchResult: ProtobufMessage {
  public init(from reader: inout ProtobufReader) throws(ProtobufError) {
    self.init(failedCondition: nil, stamp: .zero, timeMilliseconds: 0)
    while let field = try reader.next() {
      switch field {
      case 1: failedCondition = Int(try reader.uint32())
      case 2: stamp = Stamp(try reader.fixed64())
      case 3: timeMilliseconds = try reader.uint64()
      case 4: scanned.append(try reader.message(Row.self))
      default: try reader.skip()
      }
    }
  }

  public func write(to writer: inout ProtobufWriter) {
    if let failedCondition { writer.uint32(1, UInt32(clamping: failedCondition), always: true) }
    writer.fixed64(2, stamp.rawValue)
    writer.uint64(3, timeMilliseconds)
    for row in scanned { writer.message(4, row) }
  }
}

extension WriteResponse: ProtobufMessage {
  public init(from reader: inout ProtobufReader) throws(ProtobufError) {
    self.init(results: [])
    while let field = try reader.next() {
      switch field {
      case 1: results.append(try reader.message(SubBatchResult.self))
      default: try reader.skip()
      }
    }
  }

  public func write(to writer: inout ProtobufWriter) {
    for result in results { writer.message(1, result) }
  }
}

/// A `WriteRequest` as it travels: with its identity.
public struct IdentifiedWrite: Hashable, Sendable, ProtobufMessage {
  public var identity: RequestIdentity
  public var request: WriteRequest

  public init(identity: RequestIdentity, request: WriteRequest) {
    self.identity = identity
    self.request = request
  }

  public init(from reader: inout ProtobufReader) throws(ProtobufError) {
    identity = RequestIdentity(clientID: 0, sequence: 0, acknowledgedBelow: 0)
    request = WriteRequest(batches: [])
    while let field = try reader.next() {
      switch field {
      case 1: identity = try reader.message(RequestIdentity.self)
      case 2: request.batches.append(try reader.message(SubBatch.self))
      case 3: request.traceID = try reader.bytes()
      default: try reader.skip()
      }
    }
  }

  public func write(to writer: inout ProtobufWriter) {
    writer.message(1, identity)
    for batch in request.batches { writer.message(2, batch) }
    writer.bytes(3, request.traceID)
  }
}

extension PutManyRequest.Target: ProtobufMessage {
  public init(from reader: inout ProtobufReader) throws(ProtobufError) {
    self.init(partitionName: [], own: 0)
    while let field = try reader.next() {
      switch field {
      case 1: partitionName = try reader.bytes()
      case 2: own = try reader.fixed64()
      default: try reader.skip()
      }
    }
  }

  public func write(to writer: inout ProtobufWriter) {
    writer.bytes(1, partitionName)
    writer.fixed64(2, own)
  }
}

/// A `PutManyRequest` as it travels: with its identity.
public struct IdentifiedPutMany: Hashable, Sendable, ProtobufMessage {
  public var identity: RequestIdentity
  public var request: PutManyRequest

  public init(identity: RequestIdentity, request: PutManyRequest) {
    self.identity = identity
    self.request = request
  }

  public init(from reader: inout ProtobufReader) throws(ProtobufError) {
    identity = RequestIdentity(clientID: 0, sequence: 0, acknowledgedBelow: 0)
    request = PutManyRequest(app: 0, space: 0, restPrefix: [], value: [], targets: [])
    while let field = try reader.next() {
      switch field {
      case 1: identity = try reader.message(RequestIdentity.self)
      case 2: request.app = try reader.uint32()
      case 3: request.rowClass = try RowClass(protobuf: reader.uint32())
      case 4: request.space = try RowClass.space(protobuf: reader.uint32())
      case 5: request.restPrefix = try reader.bytes()
      case 6: request.value = try reader.bytes()
      case 7: request.targets.append(try reader.message(PutManyRequest.Target.self))
      case 8: request.notAfterMilliseconds = try reader.uint64()
      case 9: request.traceID = try reader.bytes()
      default: try reader.skip()
      }
    }
  }

  public func write(to writer: inout ProtobufWriter) {
    writer.message(1, identity)
    writer.uint32(2, request.app)
    writer.uint32(3, UInt32(request.rowClass.rawValue))
    writer.uint32(4, UInt32(request.space))
    writer.bytes(5, request.restPrefix)
    writer.bytes(6, request.value)
    for target in request.targets { writer.message(7, target) }
    writer.uint64(8, request.notAfterMilliseconds)
    writer.bytes(9, request.traceID)
  }
}

extension PutManyResponse: ProtobufMessage {
  public init(from reader: inout ProtobufReader) throws(ProtobufError) {
    var positions: [UInt64] = []
    while let field = try reader.next() {
      switch field {
      case 1: try reader.repeatedUInt64(into: &positions)
      default: try reader.skip()
      }
    }
    self.init(late: positions.map { Int(clamping: $0) })
  }

  public func write(to writer: inout ProtobufWriter) { writer.packed(1, late.map { UInt64($0) }) }
}
