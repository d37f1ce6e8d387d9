/// Bytes on their way out: appended at the end, consumed at the front, the memory kept for the next time.
///
/// A class, so that it can wait in a loop's pool while no connection needs it. Bound to one loop.
final class ByteBuffer {
  private var memory: UnsafeMutableRawPointer
  private(set) var capacity: Int
  private var start = 0
  private var end = 0

  init(capacity: Int = 4 << 10) {
    self.capacity = capacity
    memory = .allocate(byteCount: capacity, alignment: 16)
  }

  deinit { memory.deallocate() }

  var count: Int { end - start }
  var isEmpty: Bool { start == end }
  var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: memory + start, count: end - start) }

  func consume(_ count: Int) {
    precondition(count <= end - start, "more consumed than there is")
    start += count
    if start == end { (start, end) = (0, 0) }
  }

  func removeAll() { (start, end) = (0, 0) }

  private func reserve(_ count: Int) {
    if capacity - end >= count { return }
    let used = end - start
    if start > 0, capacity - used >= count, start >= used {
      (memory).copyMemory(from: memory + start, byteCount: used)
    } else {
      let grown = max(capacity * 2, used + count)
      let larger = UnsafeMutableRawPointer.allocate(byteCount: grown, alignment: 16)
      larger.copyMemory(from: memory + start, byteCount: used)
      memory.deallocate()
      memory = larger
      capacity = grown
    }
    (start, end) = (0, used)
  }

  func append(_ bytes: UnsafeRawBufferPointer) {
    guard let base = bytes.baseAddress else { return }
    reserve(bytes.count)
    (memory + end).copyMemory(from: base, byteCount: bytes.count)
    end += bytes.count
  }

  func append(_ bytes: [UInt8]) { bytes.withUnsafeBytes { append($0) } }

  func append(_ text: StaticString) {
    append(UnsafeRawBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
  }

  func append(byte: UInt8) {
    reserve(1)
    memory.storeBytes(of: byte, toByteOffset: end, as: UInt8.self)
    end += 1
  }

  /// Appends text; bytes that could end a line become spaces, so that no value can forge a header.
  func append(headerText text: String) {
    var text = text
    text.withUTF8 { append(UnsafeRawBufferPointer($0)) }
    let length = text.utf8.count
    for offset in end - length..<end where !isFieldValueByte(memory.load(fromByteOffset: offset, as: UInt8.self)) {
      memory.storeBytes(of: 0x20, toByteOffset: offset, as: UInt8.self)
    }
  }

  func append(decimal number: Int) {
    reserve(20)
    var digits = 1
    var bound = 10
    while digits < 19, number >= bound {
      digits += 1
      bound = bound &* 10
    }
    var rest = number
    for offset in stride(from: end + digits - 1, through: end, by: -1) {
      memory.storeBytes(of: UInt8(0x30 + rest % 10), toByteOffset: offset, as: UInt8.self)
      rest /= 10
    }
    end += digits
  }

  func append(hexadecimal number: Int) {
    for digit in String(number, radix: 16).utf8 { append(byte: digit) }
  }
}
