import CCurl
import CLinux
import EventLoop
import Glibc
import Synchronization

/// A libcurl handle. It keeps its connections from one transfer to the next.
final class CurlHandle: @unchecked Sendable {
  // Sound because one transfer at a time owns it: the client lends each handle to one pool thread.
  let raw: UnsafeMutableRawPointer

  private static let isInitialised: Bool = curl_global_init(Int(CURL_GLOBAL_DEFAULT)) == CURLE_OK

  init?() {
    guard Self.isInitialised, let raw = curl_easy_init() else { return nil }
    self.raw = raw
  }

  deinit { curl_easy_cleanup(raw) }
}

/// One request under way and what libcurl has told about its answer.
final class CurlTransfer: @unchecked Sendable {
  // Sound because all but the atomic flag is touched on the pool thread that performs it only.
  private let request: HTTPClient.Request
  private let limits: HTTPClient.Limits
  private let allowsPrivateAddresses: Bool
  private let userAgent: String
  private let isCancelled = Atomic<Bool>(false)
  private var headers: [HTTPRequest.Header] = []
  private var headerBytes = 0
  private var body: [UInt8] = []
  private var failure: HTTPClient.Failure?
  private var isCut = false
  /// When it was asked for: the time it waits for a thread counts.
  private let startedNanoseconds = monotonicNanoseconds()

  init(request: HTTPClient.Request, client: HTTPClient) {
    self.request = request
    limits = client.limits
    allowsPrivateAddresses = client.allowsPrivateAddresses
    userAgent = client.userAgent
  }

  func cancel() { isCancelled.store(true, ordering: .relaxed) }

  func perform(on handle: CurlHandle) -> Result<HTTPClient.Response, HTTPClient.Failure> {
    if isCancelled.load(ordering: .relaxed) { return .failure(.cancelled) }
    let waited = Int((monotonicNanoseconds() &- startedNanoseconds) / 1_000_000)
    guard waited < limits.totalTimeoutMilliseconds else {
      return .failure(.timedOut("\(waited) ms went by before a connection was free"))
    }
    let curl = handle.raw
    curl_easy_reset(curl)
    var message = [CChar](repeating: 0, count: Int(CURL_ERROR_SIZE))
    var list: UnsafeMutablePointer<curl_slist>?
    // An empty `Expect:` keeps libcurl from waiting a second for servers that ignore expectations. It would count it among
    // the headers that it signs and then not send it: a signed request has a short wait instead.
    let expectation = request.signature == nil ? [HTTPRequest.Header("Expect", "")] : []
    for header in request.headers + expectation {
      let line = "\(header.name):\(header.value.isEmpty ? "" : " \(header.value)")"
      guard line.utf8.allSatisfy(isFieldValueByte) else {
        return .failure(.other("control character in \(header.name)"))
      }
      list = curl_slist_append(list, line)
    }
    defer { curl_slist_free_all(list) }
    let code = message.withUnsafeMutableBufferPointer { text -> CURLcode in
      request.body.withUnsafeBytes { body -> CURLcode in
        configure(curl, list, text.baseAddress, body, milliseconds: limits.totalTimeoutMilliseconds - waited)
        return withExtendedLifetime(self) { curl_easy_perform(curl) }
      }
    }
    defer { curl_easy_reset(curl) }
    let text = String(decoding: message.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    if code != CURLE_OK, !(isCut && code == CURLE_WRITE_ERROR) { return .failure(failure ?? reason(code, text)) }
    var status = 0
    curl_get_long(curl, CURLINFO_RESPONSE_CODE, &status)
    var url: UnsafeMutablePointer<CChar>?
    curl_get_text(curl, CURLINFO_EFFECTIVE_URL, &url)
    return .success(
      HTTPClient.Response(
        status: status, headers: headers, body: body, url: url.map { String(cString: $0) } ?? request.url))
  }

  private func configure(
    _ curl: UnsafeMutableRawPointer, _ list: UnsafeMutablePointer<curl_slist>?, _ message: UnsafeMutablePointer<CChar>?,
    _ body: UnsafeRawBufferPointer, milliseconds: Int
  ) {
    let context = Unmanaged.passUnretained(self).toOpaque()
    curl_set_pointer(curl, CURLOPT_ERRORBUFFER, message)
    curl_set_text(curl, CURLOPT_URL, request.url)
    curl_set_text(curl, CURLOPT_PROTOCOLS_STR, "http,https")
    curl_set_text(curl, CURLOPT_REDIR_PROTOCOLS_STR, "http,https")
    curl_set_text(curl, CURLOPT_USERAGENT, userAgent)
    curl_set_text(curl, CURLOPT_ACCEPT_ENCODING, "")  // all that libcurl can decode
    curl_set_long(curl, CURLOPT_HTTP_VERSION, Int(CURL_HTTP_VERSION_2TLS))
    curl_set_long(curl, CURLOPT_NOSIGNAL, 1)
    curl_set_long(curl, CURLOPT_FOLLOWLOCATION, limits.redirectsMax > 0 ? 1 : 0)
    curl_set_long(curl, CURLOPT_MAXREDIRS, limits.redirectsMax)
    curl_set_long(curl, CURLOPT_CONNECTTIMEOUT_MS, limits.connectTimeoutMilliseconds)
    curl_set_long(curl, CURLOPT_TIMEOUT_MS, milliseconds)
    // A name lookup that outlasts the time-out is left to end by itself, instead of being waited for.
    curl_set_long(curl, CURLOPT_QUICK_EXIT, 1)
    curl_set_pointer(curl, CURLOPT_HTTPHEADER, list)
    switch request.method {
    case .get where body.isEmpty: curl_set_long(curl, CURLOPT_HTTPGET, 1)
    case .head: curl_set_long(curl, CURLOPT_NOBODY, 1)
    default:
      if !body.isEmpty || [.post, .put, .patch].contains(request.method) {
        curl_set_offset(curl, CURLOPT_POSTFIELDSIZE_LARGE, curl_off_t(body.count))
        // A pointer even for no bytes: without one libcurl would ask a read function.
        curl_set_pointer(curl, CURLOPT_POSTFIELDS, body.baseAddress ?? UnsafeRawPointer(context))
      }
      curl_set_text(curl, CURLOPT_CUSTOMREQUEST, request.method.description)
    }
    if let signature = request.signature {
      curl_set_long(curl, CURLOPT_EXPECT_100_TIMEOUT_MS, 1)
      curl_set_text(curl, CURLOPT_AWS_SIGV4, "aws:amz:\(signature.region):\(signature.service)")
      curl_set_text(curl, CURLOPT_USERNAME, signature.accessKey)
      curl_set_text(curl, CURLOPT_PASSWORD, signature.secretKey)
    }
    curl_set_bytes_function(curl, CURLOPT_WRITEFUNCTION, receiveBody)
    curl_set_pointer(curl, CURLOPT_WRITEDATA, context)
    curl_set_bytes_function(curl, CURLOPT_HEADERFUNCTION, receiveHeader)
    curl_set_pointer(curl, CURLOPT_HEADERDATA, context)
    curl_set_progress_function(curl, progress)
    curl_set_pointer(curl, CURLOPT_XFERINFODATA, context)
    curl_set_long(curl, CURLOPT_NOPROGRESS, 0)
    if !allowsPrivateAddresses {
      curl_set_text(curl, CURLOPT_PROXY, "")  // a proxy would connect in our place, unseen
      // What is checked is the address connected to, so that no name can change its mind in between.
      curl_set_socket_function(curl, openSocket)
      curl_set_pointer(curl, CURLOPT_OPENSOCKETDATA, context)
    }
  }

  private func reason(_ code: CURLcode, _ text: String) -> HTTPClient.Failure {
    switch code {
    case CURLE_UNSUPPORTED_PROTOCOL, CURLE_URL_MALFORMAT: .invalidURL(text)
    case CURLE_COULDNT_RESOLVE_HOST, CURLE_COULDNT_RESOLVE_PROXY: .unresolved(text)
    case CURLE_COULDNT_CONNECT: .notConnected(text)
    case CURLE_OPERATION_TIMEDOUT: .timedOut(text)
    case CURLE_TOO_MANY_REDIRECTS: .tooManyRedirects(limit: limits.redirectsMax)
    case CURLE_ABORTED_BY_CALLBACK: .cancelled
    case CURLE_SSL_CONNECT_ERROR, CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CERTPROBLEM, CURLE_SSL_CACERT_BADFILE:
      .insecure(text)
    default: .other(text.isEmpty ? String(cString: curl_easy_strerror(code)) : text)
    }
  }

  // MARK: What libcurl calls

  fileprivate func received(body bytes: UnsafeRawBufferPointer) -> Bool {
    guard body.count + bytes.count <= limits.bodyBytesMax else {
      if limits.cutsBodies {
        body.append(contentsOf: bytes.prefix(limits.bodyBytesMax - body.count))
        isCut = true
        return false
      }
      failure = .bodyTooLarge(limit: limits.bodyBytesMax)
      return false
    }
    body.append(contentsOf: bytes)
    return true
  }

  fileprivate func received(header bytes: UnsafeRawBufferPointer) -> Bool {
    headerBytes += bytes.count
    guard headerBytes <= limits.headerBytesMax else {
      failure = .headersTooLarge(limit: limits.headerBytesMax)
      return false
    }
    let line = String(decoding: bytes, as: UTF8.self)
    if line.hasPrefix("HTTP/") {  // of the next answer, after a redirect or a 100
      headers.removeAll()
      body.removeAll()
    } else if let colon = line.firstIndex(of: ":") {
      let value = line[line.index(after: colon)...].drop { $0 == " " || $0 == "\t" }
      let end = value.lastIndex { !$0.isWhitespace }.map { value.index(after: $0) } ?? value.startIndex
      headers.append(HTTPRequest.Header(String(line[..<colon]), String(value[..<end])))
    }
    return true
  }

  fileprivate var shouldStop: Bool { isCancelled.load(ordering: .relaxed) }

  fileprivate func refuse(address: String) { failure = .privateAddress(address) }
}

private func transfer(_ context: UnsafeMutableRawPointer?) -> CurlTransfer? {
  context.map { Unmanaged<CurlTransfer>.fromOpaque($0).takeUnretainedValue() }
}

private func receiveBody(
  _ bytes: UnsafeMutablePointer<CChar>?, _ size: Int, _ count: Int, _ context: UnsafeMutableRawPointer?
) -> Int {
  let chunk = UnsafeRawBufferPointer(start: bytes, count: size * count)
  return transfer(context)?.received(body: chunk) == true ? size * count : 0
}

private func receiveHeader(
  _ bytes: UnsafeMutablePointer<CChar>?, _ size: Int, _ count: Int, _ context: UnsafeMutableRawPointer?
) -> Int {
  let chunk = UnsafeRawBufferPointer(start: bytes, count: size * count)
  return transfer(context)?.received(header: chunk) == true ? size * count : 0
}

private func progress(
  _ context: UnsafeMutableRawPointer?, _: curl_off_t, _: curl_off_t, _: curl_off_t, _: curl_off_t
) -> Int32 {
  transfer(context)?.shouldStop == false ? 0 : 1
}

private func openSocket(
  _ context: UnsafeMutableRawPointer?, _ purpose: curlsocktype, _ address: UnsafeMutablePointer<curl_sockaddr>?
) -> curl_socket_t {
  guard let address, let transfer = transfer(context) else { return -1 }
  let offset = MemoryLayout<curl_sockaddr>.offset(of: \curl_sockaddr.addr) ?? 0
  let start = UnsafeRawPointer(address) + offset
  // libcurl gives a `curl_sockaddr` whose `addr` continues up to `addrlen`, enough for an IPv6 address.
  let bytes = UnsafeRawBufferPointer(start: start, count: Int(address.pointee.addrlen))
  let network = NetworkAddress(family: address.pointee.family, socketAddress: bytes)
  guard let network, !network.isSpecial else {
    transfer.refuse(address: network?.description ?? "unknown family")
    return -1
  }
  return socket(
    address.pointee.family, address.pointee.socktype | socketCloseOnExec, address.pointee.protocol)
}
