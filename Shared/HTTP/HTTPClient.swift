import EventLoop
import Synchronization

/// Outbound requests over HTTP/1.1 and HTTP/2, through libcurl.
///
/// Each request blocks a thread of a small pool of the client's own, not a loop: outbound calls are few and slow, and
/// nothing that libcurl does in between (name lookup, TLS handshakes, certificates) can then hold up a loop's clients.
///
///     let client = HTTPClient()
///     let answer = try await client.send(.init(url: "https://example.org/feed.xml"))
public final class HTTPClient: Sendable {
  public struct Limits: Sendable {
    public var connectTimeoutMilliseconds = 5_000
    /// From the call to the last byte, redirects included.
    public var totalTimeoutMilliseconds = 30_000
    /// Of an answer, after decompression.
    public var bodyBytesMax = 10 << 20
    /// Whether the first bytes of a larger answer are given and the rest is not fetched; else it fails.
    public var cutsBodies = false
    public var headerBytesMax = 64 << 10
    public var redirectsMax = 5
    public var concurrentMax = 4
    /// Requests that wait for a thread; one more is refused.
    public var waitingMax = 256
    public init() {}
  }

  public struct Request: Sendable {
    public var method: HTTPMethod
    public var url: String
    public var headers: [HTTPRequest.Header]
    public var body: [UInt8]
    /// Signs the request by AWS Signature Version 4.
    public var signature: AWSSignature?

    public init(
      method: HTTPMethod = .get, url: String, headers: [HTTPRequest.Header] = [], body: [UInt8] = [],
      signature: AWSSignature? = nil
    ) {
      self.method = method
      self.url = url
      self.headers = headers
      self.body = body
      self.signature = signature
    }
  }

  /// Credentials by which libcurl signs a request for AWS or a service that speaks its protocols. The query must be in
  /// canonical form already: names sorted, values percent-encoded.
  public struct AWSSignature: Sendable {
    public var region: String
    /// `s3`, `sqs`, …
    public var service: String
    public var accessKey: String
    public var secretKey: String
    public init(region: String, service: String, accessKey: String, secretKey: String) {
      self.region = region
      self.service = service
      self.accessKey = accessKey
      self.secretKey = secretKey
    }
  }

  public struct Response: Sendable {
    public var status: Int
    /// Of the last answer, after redirects.
    public var headers: [HTTPRequest.Header]
    public var body: [UInt8]
    /// The URL that answered, after redirects.
    public var url: String

    /// The first header of that name (compared without case).
    public func header(_ name: String) -> String? { headers.first { $0.isNamed(name) }?.value }
  }

  public enum Failure: Error, Equatable, CustomStringConvertible {
    case invalidURL(String)
    case unresolved(String)
    case privateAddress(String)
    case notConnected(String)
    case timedOut(String)
    case insecure(String)
    case bodyTooLarge(limit: Int)
    case headersTooLarge(limit: Int)
    case tooManyRedirects(limit: Int)
    case busy(limit: Int)
    case cancelled
    case other(String)

    public var description: String {
      switch self {
      case .invalidURL(let reason): "the URL cannot be used: \(reason)"
      case .unresolved(let reason): "the host has no address: \(reason)"
      case .privateAddress(let address): "the URL leads to a private address (\(address)), which is not allowed here"
      case .notConnected(let reason): "no connection: \(reason)"
      case .timedOut(let reason): "the answer took too long: \(reason)"
      case .insecure(let reason): "the TLS connection failed: \(reason)"
      case .bodyTooLarge(let limit): "the answer is larger than \(limit) bytes"
      case .headersTooLarge(let limit): "the answer's header fields are larger than \(limit) bytes"
      case .tooManyRedirects(let limit): "more than \(limit) redirects"
      case .busy(let limit): "\(limit) outbound requests are waiting already"
      case .cancelled: "the request was cancelled"
      case .other(let reason): "the request failed: \(reason)"
      }
    }
  }

  let limits: Limits
  let allowsPrivateAddresses: Bool
  let userAgent: String
  private let pool: BlockingPool
  /// Idle handles with their live connections.
  private let handles = Mutex<[CurlHandle]>([])

  /// - Parameter allowsPrivateAddresses: `false` refuses loopback, private, link-local and other special networks,
  ///   judged by the address connected to, redirects included: for URLs that come from customers.
  public init(
    limits: Limits = Limits(), allowsPrivateAddresses: Bool = true, userAgent: String = "millrace"
  ) {
    self.limits = limits
    self.allowsPrivateAddresses = allowsPrivateAddresses
    self.userAgent = userAgent
    pool = BlockingPool(threadsMax: limits.concurrentMax, queueMax: limits.waitingMax)
  }

  /// Sends `request` and gives the answer, whatever its status. Cancelling the task ends it within about a second.
  public func send(_ request: Request) async throws(Failure) -> Response {
    let transfer = CurlTransfer(request: request, client: self)
    let result: Result<Response, Failure> = await withTaskCancellationHandler {
      do throws(BlockingPool.Refusal) {
        return try await pool.run { self.perform(transfer) }
      } catch {
        return .failure(.busy(limit: limits.waitingMax))
      }
    } onCancel: {
      transfer.cancel()
    }
    return try result.get()
  }

  private func perform(_ transfer: CurlTransfer) -> Result<Response, Failure> {
    let idle = handles.withLock { $0.popLast() }
    guard let handle = idle ?? CurlHandle() else { return .failure(.other("no memory for a transfer")) }
    let result = transfer.perform(on: handle)
    handles.withLock { if $0.count < limits.concurrentMax { $0.append(handle) } }
    return result
  }
}
