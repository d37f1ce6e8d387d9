/// One HTTP/2 stream as its connection sees it; a server's and a client's call are its two kinds. On the loop only.
class HTTP2Stream {
  var id: Int32 = 0
  var outbound = OutboundQueue()
  /// Trailers to send after the last message, when `outbound.ending` says so.
  var trailers: HeaderBlock?
  /// What had left the queue when it was last seen to move, and when that was.
  private var movedBytes = 0
  private var movedNanoseconds: UInt64 = 0
  var headerBytes = 0
  /// The headers were larger than allowed; what came past the limit was dropped.
  var headersTooLarge = false

  /// The answer ends before the request did: once it is out, the peer is told to send no more (RFC 9113, 8.1).
  var resetsWhenSent = false

  func received(name: UnsafeBufferPointer<UInt8>, value: UnsafeBufferPointer<UInt8>) {}
  func receivedHeaders() {}
  /// Takes DATA; returns how many bytes of the stream's window may be opened again now.
  func received(data: UnsafeRawBufferPointer) -> Int { data.count }
  func receivedEnd() {}
  /// Whether bytes wait and none has left for so long, as seen by calls from time to time.
  func isStalled(now: UInt64, limitNanoseconds: UInt64) -> Bool {
    if outbound.isEmpty || outbound.bytesTaken != movedBytes || movedNanoseconds == 0 {
      movedBytes = outbound.bytesTaken
      movedNanoseconds = now
      return false
    }
    return now > movedNanoseconds + limitNanoseconds
  }

  /// The stream is reset because the peer takes no more of it.
  func stalled() {}
  /// Bytes have left the queue.
  func outboundMoved() {}
  /// The stream is gone, with the code of RST_STREAM (0: ended in order). Called once, the last call of all.
  func closed(code: UInt32) {}
  /// The connection is gone. Called once, the last call of all.
  func connectionLost(_ reason: String) {}
}
