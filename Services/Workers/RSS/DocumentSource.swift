import HTTP

/// Reads the bytes of a document: a file, or an address within the limits of insight E5.
enum DocumentSource {
  struct Read: Equatable, Sendable {
    var bytes: [UInt8]
    var contentType: String?
    /// The address that answered; empty for a file.
    var address: String
  }

  /// 12 s in all, 20 redirects, `bytesMax` bytes unpacked (insight E5).
  static func client(allowsPrivateAddresses: Bool, bytesMax: Int) -> HTTPClient {
    var limits = HTTPClient.Limits()
    limits.totalTimeoutMilliseconds = 12_000
    limits.bodyBytesMax = bytesMax
    limits.redirectsMax = 20
    return HTTPClient(
      limits: limits, allowsPrivateAddresses: allowsPrivateAddresses, userAgent: "millrace-worker (feed reader)")
  }

  static func read(_ document: String, bytesMax: Int, calls: any HTTPCalls) async throws(RSSFailure) -> Read {
    guard WebAddress.isWebAddress(document) else {
      return Read(
        bytes: try FileBytes.read(document, bytesMax: bytesMax), contentType: nil, address: "")
    }
    let request = HTTPClient.Request(
      url: document,
      headers: [
        .init(
          "Accept", "application/atom+xml, application/rss+xml, application/rdf+xml, application/xml;q=0.9, */*;q=0.5")
      ])
    let answer: HTTPClient.Response
    do throws(HTTPClient.Failure) {
      answer = try await calls.send(request)
    } catch {
      throw RSSFailure("\(error)")
    }
    switch answer.status {
    case 200: break
    case 410: throw RSSFailure("the feed is gone for good (410)")
    default: throw RSSFailure("the server answered \(answer.status)")
    }
    return Read(bytes: answer.body, contentType: answer.header("Content-Type"), address: answer.url)
  }
}
