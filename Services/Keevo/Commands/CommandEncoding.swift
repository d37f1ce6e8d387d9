import KeevoClient

/// The payload of a command entry. Format 1, integers big-endian: format (1) | the leader's time, milliseconds since 1970
/// (8) | number of commands (4) | each: length (4), command.
///
/// A command: kind (1: 1 write, 2 put many) | client (8) | sequence (8) | acknowledged below (8) | trace id (2 + …) |
/// body. Names, keys, ranges and stamp places carry two bytes of length, values four.
enum CommandEncoding {
  static let format: UInt8 = 1

  static func encodeEntry(timeMilliseconds: UInt64, commands: [[UInt8]]) -> [UInt8] {
    var writer = ByteWriter(reserving: 13 + commands.reduce(0) { $0 + 4 + $1.count })
    writer.u8(format)
    writer.u64(timeMilliseconds)
    writer.u32(UInt32(commands.count))
    for command in commands { writer.long(command) }
    return writer.bytes
  }

  static func decodeEntry(_ payload: [UInt8]) throws(StoreError) -> (timeMilliseconds: UInt64, commands: [Command]) {
    var reader = ByteReader(payload, what: "log entry")
    try reader.format(format)
    let time = try reader.u64()
    let count = try reader.count(bytesEach: 4)
    var commands: [Command] = []
    commands.reserveCapacity(count)
    for _ in 0..<count {
      let end = Int(try reader.u32()) + reader.position
      commands.append(try decode(&reader))
      guard reader.position == end else { throw reader.broken("a command's length is wrong") }
    }
    guard reader.isAtEnd else { throw reader.broken("\(reader.remaining) bytes too many") }
    return (time, commands)
  }

  static func encode(_ command: Command) -> [UInt8] {
    var writer = ByteWriter(reserving: 256)
    switch command.body {
    case .write: writer.u8(1)
    case .putMany: writer.u8(2)
    }
    writer.u64(command.identity.clientID)
    writer.u64(command.identity.sequence)
    writer.u64(command.identity.acknowledgedBelow)
    writer.short(command.traceID)
    switch command.body {
    case .write(let batches):
      writer.u32(UInt32(batches.count))
      for batch in batches { encode(batch, &writer) }
    case .putMany(let request): encode(request, &writer)
    }
    return writer.bytes
  }

  private static func decode(_ reader: inout ByteReader) throws(StoreError) -> Command {
    let kind = try reader.u8()
    let identity = RequestIdentity(
      clientID: try reader.u64(), sequence: try reader.u64(), acknowledgedBelow: try reader.u64())
    let traceID = try reader.short()
    switch kind {
    case 1:
      let count = try reader.count(bytesEach: 8)
      var batches: [SubBatch] = []
      batches.reserveCapacity(count)
      for _ in 0..<count { batches.append(try decodeBatch(&reader)) }
      return Command(identity: identity, traceID: traceID, body: .write(batches))
    case 2: return Command(identity: identity, traceID: traceID, body: .putMany(try decodePutMany(&reader)))
    default: throw reader.broken("command of kind \(kind)")
    }
  }

  // MARK: Write

  /// partition | number of conditions (4) | conditions | number of operations (4) | operations | 0, or 1 with the range to
  /// scan after and its limit (4).
  private static func encode(_ batch: SubBatch, _ writer: inout ByteWriter) {
    writer.u32(batch.partition.app)
    writer.short(batch.partition.name)
    writer.u32(UInt32(batch.conditions.count))
    for condition in batch.conditions { encode(condition, &writer) }
    writer.u32(UInt32(batch.operations.count))
    for operation in batch.operations { encode(operation, &writer) }
    if let range = batch.scanAfter {
      writer.u8(1)
      encode(range, &writer)
      writer.u32(UInt32(batch.scanAfterLimit))
    } else {
      writer.u8(0)
    }
  }

  private static func decodeBatch(_ reader: inout ByteReader) throws(StoreError) -> SubBatch {
    let partition = Partition(app: try reader.u32(), name: try reader.short())
    var batch = SubBatch(partition: partition, operations: [])
    for _ in 0..<(try reader.count(bytesEach: 5)) { batch.conditions.append(try decodeCondition(&reader)) }
    let count = try reader.count(bytesEach: 5)
    batch.operations.reserveCapacity(count)
    for _ in 0..<count { batch.operations.append(try decodeOperation(&reader)) }
    switch try reader.u8() {
    case 0: break
    case 1:
      batch.scanAfter = try decodeRange(&reader)
      batch.scanAfterLimit = Int(try reader.u32())
    case let other: throw reader.broken("scan-after mark \(other)")
    }
    return batch
  }

  static func encode(_ key: RowKey, _ writer: inout ByteWriter) {
    writer.u8(key.rowClass.rawValue)
    writer.u8(key.space)
    writer.short(key.rest)
  }

  static func decodeKey(_ reader: inout ByteReader) throws(StoreError) -> RowKey {
    RowKey(rowClass: try decodeClass(&reader), space: try reader.u8(), rest: try reader.short())
  }

  private static func decodeClass(_ reader: inout ByteReader) throws(StoreError) -> RowClass {
    let raw = try reader.u8()
    guard let rowClass = RowClass(rawValue: raw) else { throw reader.broken("row class \(raw)") }
    return rowClass
  }

  private static func encode(_ range: RowRange, _ writer: inout ByteWriter) {
    writer.u8(range.rowClass.rawValue)
    writer.u8(range.space)
    writer.short(range.start)
    writer.short(range.end)
  }

  private static func decodeRange(_ reader: inout ByteReader) throws(StoreError) -> RowRange {
    RowRange(
      rowClass: try decodeClass(&reader), space: try reader.u8(), start: try reader.short(), end: try reader.short())
  }

  private static func encode(_ condition: Condition, _ writer: inout ByteWriter) {
    switch condition {
    case .absent(let key):
      writer.u8(1)
      encode(key, &writer)
    case .versionEquals(let key, let version):
      writer.u8(2)
      encode(key, &writer)
      writer.u64(version.rawValue)
    case .valueEquals(let key, let value):
      writer.u8(3)
      encode(key, &writer)
      writer.long(value)
    case .rangeEmpty(let range):
      writer.u8(4)
      encode(range, &writer)
    case .notAfter(let milliseconds):
      writer.u8(5)
      writer.u64(milliseconds)
    }
  }

  private static func decodeCondition(_ reader: inout ByteReader) throws(StoreError) -> Condition {
    switch try reader.u8() {
    case 1: return .absent(try decodeKey(&reader))
    case 2: return .versionEquals(try decodeKey(&reader), Stamp(try reader.u64()))
    case 3: return .valueEquals(try decodeKey(&reader), try reader.long())
    case 4: return .rangeEmpty(try decodeRange(&reader))
    case 5: return .notAfter(milliseconds: try reader.u64())
    case let kind: throw reader.broken("condition of kind \(kind)")
    }
  }

  private static func encode(_ operation: Operation, _ writer: inout ByteWriter) {
    func put(_ kind: UInt8, _ key: RowKey, _ value: [UInt8], _ keyStamps: [Int], _ valueStamps: [Int]) {
      writer.u8(kind)
      encode(key, &writer)
      writer.long(value)
      writer.u16(UInt16(keyStamps.count))
      for place in keyStamps { writer.u32(UInt32(place)) }
      writer.u16(UInt16(valueStamps.count))
      for place in valueStamps { writer.u32(UInt32(place)) }
    }
    switch operation {
    case .put(let key, let value, let keyStamps, let valueStamps): put(1, key, value, keyStamps, valueStamps)
    case .putIfAbsent(let key, let value, let keyStamps, let valueStamps): put(2, key, value, keyStamps, valueStamps)
    case .delete(let key):
      writer.u8(3)
      encode(key, &writer)
    case .deleteRange(let range):
      writer.u8(4)
      encode(range, &writer)
    case .add(let key, let delta):
      writer.u8(5)
      encode(key, &writer)
      writer.u64(UInt64(bitPattern: delta))
    }
  }

  private static func decodeOperation(_ reader: inout ByteReader) throws(StoreError) -> Operation {
    let kind = try reader.u8()
    switch kind {
    case 1, 2:
      let key = try decodeKey(&reader)
      let value = try reader.long()
      let keyStamps = try decodePlaces(&reader, within: key.rest.count)
      let valueStamps = try decodePlaces(&reader, within: value.count)
      return kind == 1
        ? .put(key, value: value, keyStampAt: keyStamps, valueStampAt: valueStamps)
        : .putIfAbsent(key, value: value, keyStampAt: keyStamps, valueStampAt: valueStamps)
    case 3: return .delete(try decodeKey(&reader))
    case 4: return .deleteRange(try decodeRange(&reader))
    case 5: return .add(try decodeKey(&reader), delta: Int64(bitPattern: try reader.u64()))
    default: throw reader.broken("operation of kind \(kind)")
    }
  }

  private static func decodePlaces(_ reader: inout ByteReader, within bytes: Int) throws(StoreError) -> [Int] {
    var places: [Int] = []
    for _ in 0..<Int(try reader.u16()) {
      let place = Int(try reader.u32())
      guard place + 8 <= bytes else { throw reader.broken("a stamp at \(place) of \(bytes) bytes") }
      places.append(place)
    }
    return places
  }

  // MARK: Put many

  /// app | class | space | rest's prefix | value | not after (8) | number of targets (4) | each: name, own (8).
  private static func encode(_ request: PutManyRequest, _ writer: inout ByteWriter) {
    writer.u32(request.app)
    writer.u8(request.rowClass.rawValue)
    writer.u8(request.space)
    writer.short(request.restPrefix)
    writer.long(request.value)
    writer.u64(request.notAfterMilliseconds)
    writer.u32(UInt32(request.targets.count))
    for target in request.targets {
      writer.short(target.partitionName)
      writer.u64(target.own)
    }
  }

  private static func decodePutMany(_ reader: inout ByteReader) throws(StoreError) -> PutManyRequest {
    var request = PutManyRequest(
      app: try reader.u32(), rowClass: try decodeClass(&reader), space: try reader.u8(),
      restPrefix: try reader.short(), value: try reader.long(), targets: [],
      notAfterMilliseconds: try reader.u64())
    let count = try reader.count(bytesEach: 10)
    request.targets.reserveCapacity(count)
    for _ in 0..<count {
      request.targets.append(.init(partitionName: try reader.short(), own: try reader.u64()))
    }
    return request
  }
}
