import CLinux
import Foundation
import Glibc
import HTTP
import Testing

/// Streamed bodies whose length is told beforehand.
@Suite struct StreamLengthTests {
  /// `/n/m` tells n bytes and sends m of them, in pieces of 10.
  private static let handler = HTTPClosureHandler { request in
    let numbers = request.path.split(separator: "/").compactMap { Int($0) }
    return HTTPResponse(status: 200, headers: [], streamBytes: numbers[0]) { writer in
      var sent = 0
      while sent < numbers[1] {
        guard await writer.write([UInt8](repeating: 0x61, count: min(10, numbers[1] - sent))) else { return }
        sent += 10
      }
    }
  }

  /// All that the server says to `text` until it closes the connection.
  private func say(_ text: String, port: UInt16) -> String {
    let descriptor = socket(AF_INET, socketStream, 0)
    defer { close(descriptor) }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    let connected = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
    guard connected == 0 else { return "" }
    let bytes = Array(text.utf8)
    _ = write(descriptor, bytes, bytes.count)
    var answer: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 4_096)
    while true {
      let count = read(descriptor, &chunk, chunk.count)
      guard count > 0 else { return String(decoding: answer, as: UTF8.self) }
      answer += chunk[..<count]
    }
  }

  @Test func theLengthIsToldAndTheConnectionStays() async throws {
    try await withServer(handler: Self.handler) { port, _, _ in
      let text = say(
        "GET /25/25 HTTP/1.1\r\nHost: a\r\n\r\nHEAD /25/25 HTTP/1.1\r\nHost: a\r\n\r\nGET /3/3 HTTP/1.1\r\nHost: a\r\n"
          + "Connection: close\r\n\r\n", port: port)
      let answers = text.components(separatedBy: "HTTP/1.1 200 OK\r\n").dropFirst()
      #expect(answers.count == 3 && !text.contains("chunked"))
      let tails = answers.map { $0.components(separatedBy: "\r\n\r\n")[1] }
      #expect(tails == [String(repeating: "a", count: 25), "", "aaa"])
      #expect(answers.map { $0.contains("Content-Length: 25") } == [true, true, false])
    }
  }

  @Test func aStreamThatEndsShortEndsTheConnection() async throws {
    try await withServer(handler: Self.handler) { port, _, _ in
      let text = say("GET /25/20 HTTP/1.1\r\nHost: a\r\n\r\nGET /3/3 HTTP/1.1\r\nHost: a\r\n\r\n", port: port)
      #expect(text.contains("Content-Length: 25") && text.hasSuffix(String(repeating: "a", count: 20)))
      #expect(text.components(separatedBy: "HTTP/1.1 200").count == 2, "nothing follows the broken answer")
    }
  }

  @Test func clientsOfHTTP10KeepTheirConnection() async throws {
    try await withServer(handler: Self.handler) { port, _, _ in
      let text = say(
        "GET /5/5 HTTP/1.0\r\nConnection: keep-alive\r\n\r\nGET /3/3 HTTP/1.0\r\n\r\n", port: port)
      #expect(text.contains("Connection: keep-alive\r\n\r\naaaaaHTTP/1.1 200 OK") && text.hasSuffix("\r\n\r\naaa"))
    }
  }
}
