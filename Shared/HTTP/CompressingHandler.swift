/// Compresses the answers of another handler for those who accept it (feeds C7).
///
/// Bodies of at least `bytesMin` are, if their type is text of some kind; streams and what is encoded already are not.
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
    if let index = response.headers.firstIndex(where: { $0.name.lowercased() == "vary" }) {
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
    var type = ""
    for header in response.headers {
      switch header.name.lowercased() {
      case "content-encoding": return false
      case "content-type": type = header.value.lowercased()
      default: continue
      }
    }
    return type.hasPrefix("text/") || ["json", "xml", "yaml"].contains { type.contains($0) }
  }
}
