/// Compresses the answers of another handler for those who accept it (feeds C7).
///
/// Bodies of at least `bytesMin` are, if their type is text of some kind; streams, what is encoded already and what may be
/// asked for in ranges, which count the bytes of one form, are not.
/// Compressing happens on the connection's loop: some 20 µs for 10 KB.
public struct CompressingHandler<Base: HTTPHandler>: HTTPHandler {
  /// Below this the frame and the work cost more than they save.
  public static var bytesMinDefault: Int { 1_024 }

  let base: Base
  let bytesMin: Int
  private let compressor = BodyCompressor()

  /// - Parameter bytesMin: 0 compresses nothing.
  public init(_ base: Base, bytesMin: Int) {
    self.base = base
    self.bytesMin = bytesMin
  }

  public func respond(to request: HTTPRequest) async -> HTTPResponse {
    var response = await base.respond(to: request)
    guard bytesMin > 0, response.body.count >= bytesMin, response.stream == nil, Self.isCompressible(response) else {
      return response
    }
    // Caches must know that another client gets another form.
    if let index = response.headers.firstIndex(where: { $0.isNamed("vary") }) {
      response.headers[index] = .init("Vary", response.headers[index].value + ", Accept-Encoding")
    } else {
      response.headers.append(.init("Vary", "Accept-Encoding"))
    }
    guard let coding = ContentCoding.preferred(request.header("Accept-Encoding")),
      let compressed = compressor.compress(response.body, coding)
    else { return response }
    response.body = compressed
    response.headers.append(.init("Content-Encoding", coding.rawValue))
    return response
  }

  public func refuse(status: Int, reason: String) -> HTTPResponse { base.refuse(status: status, reason: reason) }

  public func bodyBytesMax(for head: HTTPRequest, limit: Int) -> Int { base.bodyBytesMax(for: head, limit: limit) }

  private static func isCompressible(_ response: HTTPResponse) -> Bool {
    let keeps = response.headers.contains {
      $0.isNamed("content-encoding") || $0.isNamed("accept-ranges") || $0.isNamed("content-range")
    }
    if keeps { return false }
    guard let type = response.headers.last(where: { $0.isNamed("content-type") })?.value else { return false }
    return isText(type)
  }

  /// Text, JSON, XML or YAML of some kind.
  static func isText(_ type: String) -> Bool {
    var type = type
    return type.withUTF8 { bytes in
      let raw = UnsafeRawBufferPointer(bytes)
      func holds(_ word: StaticString, at start: Int) -> Bool {
        let end = start + word.utf8CodeUnitCount
        return end <= raw.count && equalsIgnoringCase(UnsafeRawBufferPointer(rebasing: raw[start..<end]), word)
      }
      return holds("text/", at: 0)
        || raw.indices.contains { start in
          holds("json", at: start) || holds("xml", at: start) || holds("yaml", at: start)
        }
    }
  }
}
