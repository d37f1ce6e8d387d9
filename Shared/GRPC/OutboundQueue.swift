/// The messages of one stream that wait to be sent, and how the stream ends after them. Without I/O: the connection pulls
/// bytes as the peer's windows open.
struct OutboundQueue {
  enum Ending { case open, endStream, trailers }

  private var messages: [[UInt8]] = []
  private var head = 0
  private var offset = 0  // in the first message, its five-byte prefix counted
  private(set) var bytesWaiting = 0
  /// All that ever left: a queue that waits and whose count stands still is stalled.
  private(set) var bytesTaken = 0
  var ending = Ending.open

  var isEmpty: Bool { head == messages.count }

  mutating func append(_ message: [UInt8]) {
    messages.append(message)
    bytesWaiting += message.count + 5
  }

  mutating func removeAll() {
    messages = []
    head = 0
    offset = 0
    bytesWaiting = 0
  }

  /// Copies as many bytes as fit, each message behind its prefix; returns how many.
  mutating func fill(_ buffer: UnsafeMutableRawBufferPointer) -> Int {
    var filled = 0
    while filled < buffer.count, head < messages.count {
      let count = messages[head].count
      if offset < 5 {
        let byte: UInt8 = offset == 0 ? 0 : UInt8(truncatingIfNeeded: count >> (8 * (4 - offset)))
        buffer[filled] = byte
        offset += 1
        filled += 1
      } else {
        let take = min(count - (offset - 5), buffer.count - filled)
        messages[head].withUnsafeBytes { source in
          UnsafeMutableRawBufferPointer(rebasing: buffer[filled...]).copyMemory(
            from: UnsafeRawBufferPointer(rebasing: source[offset - 5..<offset - 5 + take]))
        }
        filled += take
        offset += take
      }
      if offset == count + 5 {
        messages[head] = []
        head += 1
        offset = 0
        if head == messages.count {
          messages.removeAll(keepingCapacity: true)
          head = 0
        } else if head == 64 {
          messages.removeFirst(head)
          head = 0
        }
      }
    }
    bytesWaiting -= filled
    bytesTaken += filled
    return filled
  }
}
