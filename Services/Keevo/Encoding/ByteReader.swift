import KeevoClient

/// Reads what `ByteWriter` wrote. Ends that come too early are a typed error: stored bytes are data from outside.
struct ByteReader {
  private let bytes: [UInt8]
  private(set) var position: Int
  private let end: Int
  private let what: String

  /// `what` names the thing that is read, for the error.
  init(_ bytes: [UInt8], what: String) {
    self.bytes = bytes
    self.what = what
    position = 0
    end = bytes.count
  }

  var isAtEnd: Bool { position == end }
  var remaining: Int { end - position }

  private mutating func take(_ count: Int) throws(StoreError) -> Int {
    guard count >= 0, count <= end - position else { throw broken("ends after \(end) bytes, in the middle") }
    defer { position += count }
    return position
  }

  func broken(_ how: String) -> StoreError { .unknownFormat("\(what): \(how)") }

  mutating func u8() throws(StoreError) -> UInt8 { bytes[try take(1)] }
  mutating func u16() throws(StoreError) -> UInt16 { UInt16(try integer(2)) }
  mutating func u32() throws(StoreError) -> UInt32 { UInt32(try integer(4)) }
  mutating func u64() throws(StoreError) -> UInt64 { try integer(8) }

  private mutating func integer(_ count: Int) throws(StoreError) -> UInt64 {
    let start = try take(count)
    var value: UInt64 = 0
    for index in start..<(start + count) { value = value << 8 | UInt64(bytes[index]) }
    return value
  }

  mutating func raw(_ count: Int) throws(StoreError) -> [UInt8] {
    let start = try take(count)
    return Array(bytes[start..<(start + count)])
  }

  mutating func short() throws(StoreError) -> [UInt8] { try raw(Int(try u16())) }
  mutating func long() throws(StoreError) -> [UInt8] { try raw(Int(try u32())) }

  /// A count of things of at least `bytesEach`: never more than could follow, so that it may size an array.
  mutating func count(bytesEach: Int) throws(StoreError) -> Int {
    let count = Int(try u32())
    guard count <= remaining / bytesEach else { throw broken("claims \(count) parts, more than its bytes hold") }
    return count
  }

  /// The first byte of every stored thing (B6).
  mutating func format(_ known: UInt8) throws(StoreError) {
    let format = try u8()
    guard format == known else {
      throw broken("format \(format), this version knows \(known): a newer version wrote it")
    }
  }
}
