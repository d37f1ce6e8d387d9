import KeevoClient

/// One record of the node's log. Format 1, all integers big-endian:
///
/// | bytes | what |
/// | --- | --- |
/// | 4 | CRC-32C over a seed (8 bytes: the node's salt XOR the segment's sequence) and all that follows, padding too |
/// | 4 | length of the payload |
/// | 4 | where in the segment this record's round begins |
/// | 2 | shard |
/// | 1 | kind: 1 command, 2 no-op, 3 hard state, 4 end of segment |
/// | 1 | format |
/// | 8 | term |
/// | 8 | index; in a hard state: whom the node voted for |
/// | … | payload, then zeros to a multiple of 8 |
///
/// A *round* is what one fdatasync made durable. A valid record of a later round proves that everything before its
/// round was durable once: so a record that does not check is a torn tail only if no later round follows it. The
/// sequence in the checksum makes records of a recycled file's earlier life invalid, the salt what a caller may have
/// put into a value to look like a record.
struct LogRecord: Equatable, Sendable {
  enum Kind: Equatable, Sendable {
    case entry(LogEntry.Kind)
    case hardState
    case endOfSegment
  }

  static let headerBytes = 32
  static let format: UInt8 = 1

  var shard: UInt16
  var kind: Kind
  var term: UInt64
  var index: UInt64
  var payload: [UInt8]

  static func entry(_ entry: LogEntry, shard: UInt16) -> LogRecord {
    LogRecord(shard: shard, kind: .entry(entry.kind), term: entry.term, index: entry.index, payload: entry.payload)
  }

  static func hardState(_ state: HardState, shard: UInt16) -> LogRecord {
    LogRecord(shard: shard, kind: .hardState, term: state.term, index: state.vote, payload: [])
  }

  static let endOfSegment = LogRecord(shard: 0, kind: .endOfSegment, term: 0, index: 0, payload: [])

  static func paddedBytes(payload: Int) -> Int { headerBytes + (payload + 7) & ~7 }

  var encodedBytes: Int { Self.paddedBytes(payload: payload.count) }

  private var kindByte: UInt8 {
    switch kind {
    case .entry(let kind): kind.rawValue
    case .hardState: 3
    case .endOfSegment: 4
    }
  }

  func encode(into writer: inout ByteWriter, seed: UInt64, roundOffset: Int) {
    let start = writer.bytes.count
    writer.u32(0)
    writer.u32(UInt32(payload.count))
    writer.u32(UInt32(roundOffset))
    writer.u16(shard)
    writer.u8(kindByte)
    writer.u8(Self.format)
    writer.u64(term)
    writer.u64(index)
    writer.raw(payload)
    while writer.bytes.count & 7 != start & 7 { writer.u8(0) }
    let checksum = Self.checksum(writer.bytes, from: start + 4, to: writer.bytes.count, seed: seed)
    for place in 0..<4 { writer.bytes[start + place] = UInt8(truncatingIfNeeded: checksum >> UInt32(24 - 8 * place)) }
  }

  static func checksum(_ bytes: [UInt8], from start: Int, to end: Int, seed: UInt64) -> UInt32 {
    var crc = CRC32C()
    withUnsafeBytes(of: seed.bigEndian) { crc.update($0) }
    bytes.withUnsafeBytes { crc.update(UnsafeRawBufferPointer(rebasing: $0[start..<end])) }
    return crc.value
  }

  /// The record at a place of a segment's bytes, with its round and the place after it; `nil` if there is none that
  /// checks.
  static func decode(
    _ bytes: [UInt8], at start: Int, seed: UInt64
  ) throws(LogError) -> (record: LogRecord, roundOffset: Int, next: Int)? {
    guard start + headerBytes <= bytes.count, (1...4).contains(bytes[start + 14]) else { return nil }
    func integer(_ offset: Int, _ count: Int) -> UInt64 {
      var value: UInt64 = 0
      for place in (start + offset)..<(start + offset + count) { value = value << 8 | UInt64(bytes[place]) }
      return value
    }
    let length = Int(integer(4, 4))
    let roundOffset = Int(integer(8, 4))
    guard roundOffset <= start, length <= bytes.count - start - headerBytes else { return nil }
    let next = start + paddedBytes(payload: length)
    guard next <= bytes.count,
      checksum(bytes, from: start + 4, to: next, seed: seed) == UInt32(integer(0, 4))
    else { return nil }
    guard bytes[start + 15] == format else {
      throw .unknownFormat("record format \(bytes[start + 15]) at byte \(start), this version knows \(format)")
    }
    let kind: Kind
    switch bytes[start + 14] {
    case 3: kind = .hardState
    case 4: kind = .endOfSegment
    case let raw:
      guard let entry = LogEntry.Kind(rawValue: raw) else { return nil }
      kind = .entry(entry)
    }
    let payload = Array(bytes[(start + headerBytes)..<(start + headerBytes + length)])
    return (
      LogRecord(
        shard: UInt16(integer(12, 2)), kind: kind, term: integer(16, 8), index: integer(24, 8), payload: payload),
      roundOffset, next
    )
  }
}
