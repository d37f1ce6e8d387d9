import EventLoop
import HTTP
import Telemetry
import Testing

@testable import struct HTTP.NetworkAddress

@Suite struct ClientTests {
  /// `/redirect/n` leads on n times, `/bytes/n` gives n bytes, `/slow` takes long, all else echoes.
  static let handler = HTTPClosureHandler { request in
    let parts = request.path.split(separator: "/")
    let number = parts.last.flatMap { Int($0) } ?? 0
    switch parts.first {
    case "redirect" where number > 0:
      return HTTPResponse(status: 302, headers: [.init("Location", "/redirect/\(number - 1)")], body: Array("old".utf8))
    case "bytes": return HTTPResponse(status: 200, body: [UInt8](repeating: 7, count: number))
    case "slow":
      await EventLoop.current?.sleep(nanoseconds: 3_000_000_000)
      return HTTPResponse(status: 200)
    default:
      let text = "\(request.method) \(request.path) \(request.header("x-test") ?? "-") " + String(request.body.count)
      return HTTPResponse(status: 200, headers: [.init("X-Answer", "yes")], body: Array(text.utf8))
    }
  }

  @Test(arguments: [
    (HTTPMethod.get, 0, "GET /a v 0"), (.post, 3, "POST /a v 3"), (.post, 0, "POST /a v 0"), (.put, 5, "PUT /a v 5"),
    (.delete, 0, "DELETE /a v 0"), (.post, 300_000, "POST /a v 300000"),
  ])
  func sendsMethodHeadersAndBody(method: HTTPMethod, count: Int, expected: String) async throws {
    try await withServer(handler: Self.handler) { port, _, _ in
      let answer = try await HTTPClient().send(
        .init(
          method: method, url: "http://127.0.0.1:\(port)/a", headers: [.init("X-Test", "v")],
          body: [UInt8](repeating: 1, count: count)))
      #expect(answer.status == 200)
      #expect(String(decoding: answer.body, as: UTF8.self) == expected)
      #expect(answer.header("x-answer") == "yes")
    }
  }

  @Test func limitsHold() async throws {
    try await withServer(handler: Self.handler) { port, _, _ in
      var limits = HTTPClient.Limits()
      limits.bodyBytesMax = 1000
      limits.redirectsMax = 3
      limits.totalTimeoutMilliseconds = 300
      let client = HTTPClient(limits: limits)
      let base = "http://127.0.0.1:\(port)"
      #expect(try await client.send(.init(url: base + "/bytes/1000")).body.count == 1000)
      await #expect(throws: HTTPClient.Failure.bodyTooLarge(limit: 1000)) {
        try await client.send(.init(url: base + "/bytes/1001"))
      }
      let led = try await client.send(.init(url: base + "/redirect/3"))
      #expect(led.url == base + "/redirect/0")
      #expect(String(decoding: led.body, as: UTF8.self) == "GET /redirect/0 - 0")
      await #expect(throws: HTTPClient.Failure.tooManyRedirects(limit: 3)) {
        try await client.send(.init(url: base + "/redirect/4"))
      }
      do {
        _ = try await client.send(.init(url: base + "/slow"))
        Issue.record("a slow answer was waited for")
      } catch let failure as HTTPClient.Failure {
        guard case .timedOut = failure else {
          Issue.record("\(failure)")
          return
        }
      }
    }
  }

  @Test func privateAddressesAreRefusedWhereTheyAreNotAllowed() async throws {
    try await withServer(handler: Self.handler) { port, _, _ in
      let client = HTTPClient(allowsPrivateAddresses: false)
      for host in ["127.0.0.1", "localhost", "0x7f000001", "[::1]", "[::ffff:127.0.0.1]"] {
        do {
          _ = try await client.send(.init(url: "http://\(host):\(port)/"))
          Issue.record("\(host) was reached")
        } catch let failure as HTTPClient.Failure {
          guard case .privateAddress = failure else {
            Issue.record("\(host): \(failure)")
            continue
          }
        }
      }
    }
  }

  @Test func otherSchemesAndDeadPortsFailClearly() async throws {
    for url in ["file:///etc/passwd", "gopher://127.0.0.1/", "http://", "not a url"] {
      do {
        _ = try await HTTPClient().send(.init(url: url))
        Issue.record("\(url) was fetched")
      } catch {
        guard case .invalidURL = error else {
          Issue.record("\(url): \(error)")
          continue
        }
      }
    }
    do {
      _ = try await HTTPClient().send(.init(url: "http://127.0.0.1:1/"))
      Issue.record("port 1 answered")
    } catch {
      guard case .notConnected = error else {
        Issue.record("\(error)")
        return
      }
    }
  }

  @Test(
    arguments: [
      ([8, 8, 8, 8], false), ([1, 1, 1, 1], false), ([127, 0, 0, 1], true), ([10, 1, 2, 3], true),
      ([169, 254, 169, 254], true), ([172, 15, 0, 1], false), ([172, 31, 0, 1], true), ([192, 168, 0, 1], true),
      ([100, 64, 0, 1], true), ([0, 0, 0, 0], true), ([255, 255, 255, 255], true), ([203, 0, 114, 1], false),
      ([0x26, 6, 0x47, 0, 0x47, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x11, 0x11], false),
      ([0xFE, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1], true),
      ([0xFC, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1], true),
      ([0, 0x64, 0xFF, 0x9B, 0, 0, 0, 0, 0, 0, 0, 0, 10, 0, 0, 1], true),
      ([0x20, 2, 127, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1], true),
    ] as [([UInt8], Bool)])
  func specialNetworksAreKnown(address: [UInt8], isSpecial: Bool) {
    #expect(NetworkAddress(bytes: address).isSpecial == isSpecial)
  }
}
