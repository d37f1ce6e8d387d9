/// Cuts a gRPC stream of DATA bytes into its length-prefixed messages: one flag byte, four length bytes, the message.
/// A state machine without I/O.
struct MessageDecoder {
  enum Failure: Error, Hashable {
    case compressed
    case badFlag(UInt8)
    case tooLarge(bytes: Int, max: Int)
  }

  private let messageBytesMax: Int
  private var prefix: InlineArray<5, UInt8> = [0, 0, 0, 0, 0]
  private var prefixCount = 0
  private var length = 0
  private var body: [UInt8] = []

  init(messageBytesMax: Int) { self.messageBytesMax = messageBytesMax }

  /// Whether the stream may end here.
  var isBetweenMessages: Bool { prefixCount == 0 }

  /// Bytes held of a message that is not whole yet.
  var bufferedBytes: Int { body.count }

  /// Takes bytes and hands out each message they complete.
  mutating func feed(_ bytes: UnsafeRawBufferPointer, _ emit: ([UInt8]) -> Void) throws(Failure) {
    var offset = 0
    while offset < bytes.count || (prefixCount == 5 && length == 0) {
      if prefixCount < 5 {
        prefix[prefixCount] = bytes[offset]
        prefixCount += 1
        offset += 1
        if prefixCount == 5 { try begin(expecting: bytes.count - offset) }
        continue
      }
      let take = min(length - body.count, bytes.count - offset)
      body.append(contentsOf: UnsafeRawBufferPointer(rebasing: bytes[offset..<offset + take]))
      offset += take
      if body.count == length {
        emit(body)
        body = []
        prefixCount = 0
        length = 0
      }
    }
  }

  private mutating func begin(expecting available: Int) throws(Failure) {
    if prefix[0] == 1 { throw .compressed }
    guard prefix[0] == 0 else { throw .badFlag(prefix[0]) }
    length = Int(prefix[1]) << 24 | Int(prefix[2]) << 16 | Int(prefix[3]) << 8 | Int(prefix[4])
    guard length <= messageBytesMax else { throw .tooLarge(bytes: length, max: messageBytesMax) }
    // Room only for what has come, doubling later: a length on the wire buys no memory.
    body.reserveCapacity(min(length, max(available, 512)))
  }
}
