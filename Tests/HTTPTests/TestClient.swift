import CLinux
import Glibc

/// A blocking socket for tests: it sends any bytes, however malformed, and reads answers one by one.
final class TestClient {
  struct Answer: Equatable {
    var status: Int
    /// Names in lower case.
    var headers: [String: String]
    var body: [UInt8]
    var text: String { String(decoding: body, as: UTF8.self) }
  }

  let descriptor: Int32
  private var buffer: [UInt8] = []
  private(set) var ended = false

  init(port: UInt16, receiveTimeoutSeconds: Int = 5) {
    descriptor = socket(AF_INET, socketStream, 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    let code = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
    precondition(code == 0, "test client cannot connect")
    var timeout = timeval(tv_sec: receiveTimeoutSeconds, tv_usec: 0)
    setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &timeout, socklen_t(MemoryLayout<timeval>.size))
  }

  deinit { close(descriptor) }

  func send(_ text: String) { send(Array(text.utf8)) }

  func send(_ bytes: [UInt8]) {
    var offset = 0
    while offset < bytes.count {
      let count = bytes[offset...].withUnsafeBytes {
        Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
      }
      if count <= 0 { return }  // the server may have refused and closed already
      offset += count
    }
  }

  func endSending() { shutdown(descriptor, Int32(SHUT_WR)) }

  /// Reads more; `false` at the end or after the timeout.
  private func fill() -> Bool {
    var chunk = [UInt8](repeating: 0, count: 65_536)
    let count = recv(descriptor, &chunk, chunk.count, 0)
    if count <= 0 {
      ended = count == 0 || errno == ECONNRESET
      return false
    }
    buffer += chunk[..<count]
    return true
  }

  /// Whether the server closes without sending anything more.
  func isClosedByServer() -> Bool {
    while fill() {}
    return ended && buffer.isEmpty
  }

  private func line() -> String? {
    while true {
      if let end = buffer.firstIndex(of: 0x0A) {
        let line = String(decoding: buffer[..<end], as: UTF8.self)
        buffer.removeFirst(end + 1)
        return line.hasSuffix("\r") ? String(line.dropLast()) : line
      }
      if !fill() { return nil }
    }
  }

  private func bytes(_ count: Int) -> [UInt8]? {
    while buffer.count < count { if !fill() { return nil } }
    let taken = Array(buffer[..<count])
    buffer.removeFirst(count)
    return taken
  }

  /// The next answer, `nil` when none comes. `toHead`: the answer has no body whatever its length says.
  func answer(toHead: Bool = false) -> Answer? {
    guard let statusLine = line() else { return nil }
    // A String's "\r\n" is one Character: the line was cut at the byte, so its end is gone.
    let words = statusLine.split(separator: " ")
    guard words.count >= 2, let status = Int(words[1]) else { return nil }
    var headers: [String: String] = [:]
    while let field = line(), !field.isEmpty {
      guard let colon = field.firstIndex(of: ":") else { return nil }
      headers[field[..<colon].lowercased()] = field[field.index(after: colon)...].drop { $0 == " " }.description
    }
    var body: [UInt8] = []
    if toHead || status == 204 || status == 304 || status < 200 {
      return Answer(status: status, headers: headers, body: [])
    }
    if headers["transfer-encoding"] == "chunked" {
      while let size = line().flatMap({ Int($0, radix: 16) }) {
        if size == 0 {
          _ = line()
          break
        }
        guard let chunk = bytes(size) else { return nil }
        body += chunk
        _ = line()
      }
    } else if let length = headers["content-length"].flatMap({ Int($0) }) {
      guard let whole = bytes(length) else { return nil }
      body = whole
    } else {
      while fill() {}
      body = buffer
      buffer = []
    }
    return Answer(status: status, headers: headers, body: body)
  }
}
