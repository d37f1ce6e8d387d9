import EventLoop
import HTTP
import Model

/// Objects in a bucket that speaks Amazon's S3 (REST API of 2006-03-01), signed with Signature Version 4 by libcurl.
///
/// The bucket is named in the path, which every such service takes, whatever its host name.
public final class S3Storage: ObjectStorage {
  public struct Settings: Sendable {
    /// `https://s3.eu-central-1.amazonaws.com`, or that of a service of one's own; without a slash at the end.
    public var endpoint: String
    public var region: String
    public var bucket: String
    public var accessKey: String
    public var secretKey: String

    public init(endpoint: String, region: String, bucket: String, accessKey: String, secretKey: String) {
      self.endpoint = endpoint
      self.region = region
      self.bucket = bucket
      self.accessKey = accessKey
      self.secretKey = secretKey
    }
  }

  private let settings: Settings
  private let client: HTTPClient
  private let pool = BlockingPool(threadsMax: 2, queueMax: 256)
  /// What is hashed where the caller is: a tenth of a millisecond.
  private static let quickBytesMax = 64 << 10

  public init(_ settings: Settings) {
    self.settings = settings
    var limits = HTTPClient.Limits()
    // A whole body, or a page of a list with names of full length.
    limits.bodyBytesMax = ObjectLimits.bodyBytesMax + (1 << 20)
    limits.totalTimeoutMilliseconds = 120_000
    limits.redirectsMax = 0
    limits.concurrentMax = 8
    client = HTTPClient(limits: limits)
  }

  // MARK: Objects

  public func put(_ key: ObjectKey, _ body: [UInt8], when condition: PutCondition) async throws(ObjectStorageError) {
    try ObjectChecks.body(body.count)
    let headers = condition == .ifAbsent ? [HTTPRequest.Header("If-None-Match", "*")] : []
    let answer = try await send(.put, key.text, headers: headers, body: body)
    // 412: it is there; 409: another put of that name was under way at the same time and came first.
    if condition == .ifAbsent, answer.status == 412 || answer.status == 409 { throw .exists }
    try expect([200], answer)
  }

  public func get(_ key: ObjectKey, offset: Int, bytesMax: Int) async throws(ObjectStorageError) -> [UInt8]? {
    try ObjectChecks.range(offset: offset, bytesMax: bytesMax)
    let range = HTTPRequest.Header("Range", "bytes=\(offset)-\(offset + bytesMax - 1)")
    let answer = try await send(.get, key.text, headers: [range])
    switch answer.status {
    case 404: return nil
    case 416: return []  // The object ends before `offset`.
    case 200 where offset == 0 && answer.body.count <= bytesMax: return answer.body
    default:
      try expect([206], answer)
      return answer.body
    }
  }

  public func info(_ key: ObjectKey) async throws(ObjectStorageError) -> ObjectInfo? {
    let answer = try await send(.head, key.text)
    if answer.status == 404 { return nil }
    try expect([200], answer)
    guard let bytes = answer.header("Content-Length").flatMap({ Int($0) }) else {
      throw .failed("an answer without Content-Length")
    }
    return ObjectInfo(path: key.path, bytes: bytes)
  }

  public func delete(_ key: ObjectKey) async throws(ObjectStorageError) {
    try expect([200, 204, 404], try await send(.delete, key.text))
  }

  public func list(
    _ owner: ObjectKey.Owner, prefix: String, after: String, limit: Int
  ) async throws(ObjectStorageError) -> ObjectPage {
    let start = try ObjectChecks.list(owner, prefix: prefix, after: after, limit: limit)
    var query = [("list-type", "2"), ("max-keys", "\(limit)"), ("prefix", start + prefix)]
    if !after.isEmpty { query.append(("start-after", start + after)) }
    let answer = try await send(.get, "", query: query)
    try expect([200], answer)
    let page = try S3List.page(answer.body, owner: owner, start: start)
    // Nothing by which to go on: others keep theirs under our names.
    if page.isCut, page.objects.isEmpty { throw .failed("the bucket holds names below \(start) that are not ours") }
    return page
  }

  public func upload(_ key: ObjectKey) async throws(ObjectStorageError) -> any ObjectUpload {
    let answer = try await send(.post, key.text, query: [("uploads", "")])
    try expect([200], answer)
    guard let id = S3List.element("UploadId", in: answer.body[...]) else {
      throw .failed("an upload was begun without an id")
    }
    return S3Upload(storage: self, key: key, id: id)
  }

  // MARK: Requests

  /// `path` is below the bucket.
  func send(
    _ method: HTTPMethod, _ path: String, query: [(String, String)] = [], headers: [HTTPRequest.Header] = [],
    body: [UInt8] = []
  ) async throws(ObjectStorageError) -> HTTPClient.Response {
    // Canonical, as the signature wants it: sorted by name, every value encoded.
    let text = query.sorted { $0.0 < $1.0 }.map { "\($0.0)=\(Self.encoded($0.1))" }.joined(separator: "&")
    let place = path.isEmpty ? settings.bucket : "\(settings.bucket)/\(path)"
    let digest = try await digest(body)
    var request = HTTPClient.Request(
      method: method, url: "\(settings.endpoint)/\(place)\(text.isEmpty ? "" : "?\(text)")",
      headers: headers + [
        HTTPRequest.Header("x-amz-content-sha256", digest),
        // libcurl would say that the body is a form.
        HTTPRequest.Header("Content-Type", "application/octet-stream"),
      ], body: body)
    request.signature = HTTPClient.AWSSignature(
      region: settings.region, service: "s3", accessKey: settings.accessKey, secretKey: settings.secretKey)
    do throws(HTTPClient.Failure) { return try await client.send(request) } catch {
      switch error {
      case .invalidURL: throw .invalid("\(error)")
      case .bodyTooLarge, .headersTooLarge: throw .failed("\(error)")
      default: throw .unavailable("\(error)")
      }
    }
  }

  /// SHA-256 of a body; of a large one away from the caller's loop.
  private func digest(_ body: [UInt8]) async throws(ObjectStorageError) -> String {
    @Sendable func text(_ body: [UInt8]) -> String {
      SHA256Digest.of(body).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }
    if body.count <= Self.quickBytesMax { return text(body) }
    do throws(BlockingPool.Refusal) { return try await pool.run { text(body) } } catch {
      throw .unavailable("\(error)")
    }
  }

  func expect(_ statuses: Set<Int>, _ answer: HTTPClient.Response) throws(ObjectStorageError) {
    if statuses.contains(answer.status) { return }
    let code = S3List.element("Code", in: answer.body[...]) ?? "no code"
    let text = "\(answer.status) \(code)"
    switch answer.status {
    case 401, 403: throw .forbidden(text)
    case 404: throw .failed("\(text): the bucket \(settings.bucket) is not there")
    case 429, 500...599: throw .unavailable(text)
    default: throw .failed(text)
    }
  }

  private static func encoded(_ text: String) -> String {
    var out = ""
    for byte in text.utf8 {
      let isPlain =
        ObjectKey.isLetterOrDigit(byte)
        || [UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "~")].contains(byte)
      if isPlain {
        out.unicodeScalars.append(Unicode.Scalar(byte))
      } else {
        out += "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
      }
    }
    return out
  }
}
