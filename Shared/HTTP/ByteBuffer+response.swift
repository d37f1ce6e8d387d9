/// How the body of an answer is framed (RFC 9112 §6.3).
enum HTTPResponseFraming {
  case length(Int)
  case chunked
  /// Until the connection closes: a streamed body for an HTTP/1.0 client.
  case untilClose
  /// 1xx, 204 and 304 have no body and say no length.
  case none
}

/// What the answer says about the connection.
enum HTTPConnectionOption { case unsaid, close, keepAlive }

extension ByteBuffer {
  /// Writes status line and fields. Fields that frame the message are the server's: those of a handler are left out.
  func append(
    status: Int, headers: [HTTPRequest.Header], framing: HTTPResponseFraming, connection: HTTPConnectionOption,
    dateLine: [UInt8]
  ) {
    append(statusLine(status))
    for header in headers where !isServerOwned(header) {
      append(headerText: header.name)
      append(": ")
      append(headerText: header.value)
      append("\r\n")
    }
    switch framing {
    case .length(let count):
      append("Content-Length: ")
      append(decimal: count)
      append("\r\n")
    case .chunked: append("Transfer-Encoding: chunked\r\n")
    case .untilClose, .none: break
    }
    append(dateLine)
    switch connection {
    case .unsaid: append("\r\n")
    case .close: append("Connection: close\r\n\r\n")
    case .keepAlive: append("Connection: keep-alive\r\n\r\n")
    }
  }

  private func isServerOwned(_ header: HTTPRequest.Header) -> Bool {
    switch header.name.utf8.count {
    case 4: header.isNamed("date")
    case 10: header.isNamed("connection")
    case 14: header.isNamed("content-length")
    case 17: header.isNamed("transfer-encoding")
    case 0: true
    default: false
    }
  }

  private func statusLine(_ status: Int) -> StaticString {
    switch status {
    case 200: "HTTP/1.1 200 OK\r\n"
    case 201: "HTTP/1.1 201 Created\r\n"
    case 202: "HTTP/1.1 202 Accepted\r\n"
    case 204: "HTTP/1.1 204 No Content\r\n"
    case 206: "HTTP/1.1 206 Partial Content\r\n"
    case 301: "HTTP/1.1 301 Moved Permanently\r\n"
    case 302: "HTTP/1.1 302 Found\r\n"
    case 304: "HTTP/1.1 304 Not Modified\r\n"
    case 400: "HTTP/1.1 400 Bad Request\r\n"
    case 401: "HTTP/1.1 401 Unauthorized\r\n"
    case 403: "HTTP/1.1 403 Forbidden\r\n"
    case 404: "HTTP/1.1 404 Not Found\r\n"
    case 405: "HTTP/1.1 405 Method Not Allowed\r\n"
    case 406: "HTTP/1.1 406 Not Acceptable\r\n"
    case 408: "HTTP/1.1 408 Request Timeout\r\n"
    case 409: "HTTP/1.1 409 Conflict\r\n"
    case 410: "HTTP/1.1 410 Gone\r\n"
    case 412: "HTTP/1.1 412 Precondition Failed\r\n"
    case 413: "HTTP/1.1 413 Content Too Large\r\n"
    case 414: "HTTP/1.1 414 URI Too Long\r\n"
    case 415: "HTTP/1.1 415 Unsupported Media Type\r\n"
    case 416: "HTTP/1.1 416 Range Not Satisfiable\r\n"
    case 417: "HTTP/1.1 417 Expectation Failed\r\n"
    case 422: "HTTP/1.1 422 Unprocessable Content\r\n"
    case 429: "HTTP/1.1 429 Too Many Requests\r\n"
    case 431: "HTTP/1.1 431 Request Header Fields Too Large\r\n"
    case 500: "HTTP/1.1 500 Internal Server Error\r\n"
    case 501: "HTTP/1.1 501 Not Implemented\r\n"
    case 502: "HTTP/1.1 502 Bad Gateway\r\n"
    case 503: "HTTP/1.1 503 Service Unavailable\r\n"
    case 504: "HTTP/1.1 504 Gateway Timeout\r\n"
    case 505: "HTTP/1.1 505 HTTP Version Not Supported\r\n"
    default: otherStatusLine(status)
    }
  }

  /// A status without a line of its own: its number goes out before the rest of the line.
  private func otherStatusLine(_ status: Int) -> StaticString {
    append("HTTP/1.1 ")
    append(decimal: (200...599).contains(status) ? status : 500)
    return " Status\r\n"
  }
}
