/// A strict HTTP/1.1 request parser (RFC 9112): bytes in, whole requests out, no I/O.
///
/// It refuses whatever two implementations could read differently: bare LF, folded lines, a space before a colon,
/// `Transfer-Encoding` beside `Content-Length` or in HTTP/1.0, a second `Content-Length` or `Host`. It never consumes a
/// byte past the end of a message, and its answer does not depend on how the bytes were split.
///
///     var parser = HTTPRequestParser()
///     let (consumed, event) = parser.parse(input)   // again and again, from the first byte not consumed
///     if event == .complete { let message = parser.take() }
public struct HTTPRequestParser {
  /// What one server accepts. Sizes in bytes.
  public struct Limits: Sendable {
    public var targetBytesMax = 8 << 10
    /// Request line, header fields and trailer fields together.
    public var headerBytesMax = 32 << 10
    /// Header and trailer fields together.
    public var headersMax = 100
    public var bodyBytesMax = 2 << 20
    /// Chunk extensions of one message together.
    public var chunkExtensionBytesMax = 4 << 10
    public init() {}
  }

  public enum Event: Equatable {
    /// All that was given has been read, except for an unfinished line: give it again with more behind it.
    case needMore
    /// The head is read and a body follows: `bodyBytesMax` may be changed now. Then call `parse` again.
    case head(expectsContinue: Bool)
    /// A whole request waits to be taken.
    case complete
    /// The connection's bytes mean nothing from here on: answer, then close.
    case refused(HTTPRefusal)
  }

  /// A request and what its head says about the connection.
  public struct Message: Sendable {
    public var request: HTTPRequest
    /// Whether the client allows another request on this connection.
    public var keepAlive: Bool
    /// 0 for HTTP/1.0, 1 for HTTP/1.1.
    public var minorVersion: Int
  }

  enum State {
    case requestLine, fields
    case headDone
    case body(remaining: Int)
    case chunkSize
    case chunkData(remaining: Int)
    case chunkEnd, trailers
    case complete
    case refused(HTTPRefusal)
  }

  /// What the head has told so far about the framing.
  struct Framing {
    var contentLength: Int?
    var isChunked = false
    var hostSeen = false
    var absoluteAuthority: String?
    var closeSeen = false
    var keepAliveSeen = false
    var expectsContinue = false
    var minorVersion = 1
  }

  public let limits: Limits
  /// The limit of the request at hand; back at the server's limit when the next one begins.
  public var bodyBytesMax: Int
  var state = State.requestLine
  var framing = Framing()
  var request = HTTPRequest(method: .get, path: "")
  /// Bytes of the unfinished line that hold no line end.
  var scanned = 0
  var emptyLineSkipped = false
  var headBytes = 0
  var fieldCount = 0
  var chunkExtensionBytes = 0

  public init(limits: Limits = Limits()) {
    self.limits = limits
    bodyBytesMax = limits.bodyBytesMax
  }

  /// Whether no line of a next request has been consumed (an empty line before it may have been).
  public var isIdle: Bool {
    if case .requestLine = state { return true }
    return false
  }

  /// Whether the body of a request is being read.
  public var isInBody: Bool {
    switch state {
    case .requestLine, .fields, .complete, .refused: false
    case .headDone, .body, .chunkSize, .chunkData, .chunkEnd, .trailers: true
    }
  }

  /// Bytes of the body read so far.
  public var bodyBytes: Int { request.body.count }

  /// Method, target and header fields of the request whose head is read; its body is not whole yet.
  public var head: HTTPRequest { request }

  /// Reads on. `input` begins at the first byte that was not consumed yet; the answer says how many more are.
  public mutating func parse(_ input: UnsafeRawBufferPointer) -> (consumed: Int, event: Event) {
    var position = 0
    do throws(HTTPRefusal) {
      while true {
        switch state {
        case .requestLine, .fields, .chunkSize, .trailers:
          guard let line = try nextLine(input, &position) else { return (position, .needMore) }
          try read(line: line)
          if case .headDone = state, hasBody {
            let expectsContinue = framing.expectsContinue
            framing.expectsContinue = false
            return (position, .head(expectsContinue: expectsContinue))
          }
        case .headDone:
          try beginBody()
        case .body(let remaining):
          let count = takeBody(input, &position, remaining)
          if count < remaining {
            state = .body(remaining: remaining - count)
            return (position, .needMore)
          }
          state = .complete
        case .chunkData(let remaining):
          let count = takeBody(input, &position, remaining)
          if count < remaining {
            state = .chunkData(remaining: remaining - count)
            return (position, .needMore)
          }
          state = .chunkEnd
        case .chunkEnd:
          // Judged only when both bytes are there, so that the answer is the same however they come.
          guard input.count - position >= 2 else { return (position, .needMore) }
          guard input[position] == 0x0D, input[position + 1] == 0x0A else {
            throw .malformed("chunk data not followed by a line end")
          }
          position += 2
          state = .chunkSize
        case .complete: return (position, .complete)
        case .refused(let refusal): return (position, .refused(refusal))
        }
      }
    } catch {
      state = .refused(error)
      return (position, .refused(error))
    }
  }

  /// Gives the whole request and makes ready for the next. Only after `.complete`.
  public mutating func take() -> Message {
    guard case .complete = state else { preconditionFailure("take() before a request is complete") }
    let keepAlive = !framing.closeSeen && (framing.minorVersion >= 1 || framing.keepAliveSeen)
    let message = Message(request: request, keepAlive: keepAlive, minorVersion: framing.minorVersion)
    request = HTTPRequest(method: .get, path: "")
    state = .requestLine
    framing = Framing()
    bodyBytesMax = limits.bodyBytesMax
    (scanned, headBytes, fieldCount, chunkExtensionBytes) = (0, 0, 0, 0)
    emptyLineSkipped = false
    return message
  }

  private var hasBody: Bool { framing.isChunked || (framing.contentLength ?? 0) > 0 }

  private mutating func beginBody() throws(HTTPRefusal) {
    if framing.isChunked {
      state = .chunkSize
    } else if let length = framing.contentLength, length > 0 {
      guard length <= bodyBytesMax else { throw bodyTooLarge() }
      // Not all at once: a head alone should not cost the memory of the body it promises.
      request.body.reserveCapacity(min(length, 64 << 10))
      state = .body(remaining: length)
    } else {
      state = .complete
    }
  }

  func bodyTooLarge() -> HTTPRefusal { HTTPRefusal(413, "request body larger than \(bodyBytesMax) bytes") }

  private mutating func takeBody(_ input: UnsafeRawBufferPointer, _ position: inout Int, _ remaining: Int) -> Int {
    let count = min(remaining, input.count - position)
    request.body.append(contentsOf: UnsafeRawBufferPointer(rebasing: input[position..<position + count]))
    position += count
    return count
  }
}
