import EventLoop
import Foundation
import HTTP
import Synchronization
import Telemetry
import Testing

@testable import FeedAPIService

/// 2.13, M11, P12: pages are fetched within bounds.
@Suite struct OpenGraphEndpointTests {
  private static let refusal = "couldn't find og data for the provided url"

  @Test func anAppMaySwitchItOff() async {
    let api = TestAPI(app: { $0.openGraph = false })
    let answer = await api.call(.get, "og/", "url=http://example.org/")
    #expect(answer.status == 403 && answer.code == 17)
    #expect(await api.call(.get, "og/").code == 4, "what is asked is looked at first")
    let other = await api.call(
      .get, "og/", "url=http://127.0.0.1:1/", token: .text(TestAPI.otherServerToken), key: "other")
    #expect(other.status == 400 && other.detail == Self.refusal, "the other app's is its own")
  }

  /// `/page`, `/redirect/n`, `/type/<type>`, `/status/n`, `/large`, `/slow`, `/to?<url>`; notes what was asked.
  private final class Site: HTTPHandler {
    let asked = Mutex<[String]>([])

    func respond(to request: HTTPRequest) async -> HTTPResponse {
      asked.withLock { $0.append(request.path) }
      let page = Array("<title>Found</title>".utf8)
      let last = request.path.split(separator: "/").last.map(String.init) ?? ""
      switch request.path.split(separator: "/").first {
      case "redirect" where last != "0":
        return HTTPResponse(status: 302, headers: [.init("Location", "/redirect/\((Int(last) ?? 1) - 1)")])
      case "to": return HTTPResponse(status: 301, headers: [.init("Location", request.query)])
      case "type":
        return HTTPResponse(status: 200, contentType: last.replacing("_", with: "/"), body: page)
      case "none": return HTTPResponse(status: 200, body: page)
      case "status": return HTTPResponse(status: Int(last) ?? 500, contentType: "text/html", body: page)
      case "large":
        return HTTPResponse(
          status: 200, contentType: "text/html",
          body: page + [UInt8](repeating: 0x20, count: 4_000) + Array("<meta name=description content=late>".utf8))
      case "slow":
        await EventLoop.current?.sleep(nanoseconds: 200_000_000_000)
        return HTTPResponse(status: 200)
      default: return HTTPResponse(status: 200, contentType: "text/html; charset=utf-8", body: page)
      }
    }
  }

  private static let smallPages: @Sendable (inout APILimits) -> Void = {
    $0.openGraph.allowsPrivateAddresses = true
    $0.openGraph.bytesMax = 1_024
  }
  private static let shortTimes: @Sendable (inout APILimits) -> Void = {
    $0.openGraph.allowsPrivateAddresses = true
    $0.openGraph.milliseconds = 300
    $0.openGraph.jobsMax = 1
  }
  private static let standardLimits: @Sendable (inout APILimits) -> Void = { _ in }
  private static let smallShares: @Sendable (inout APILimits) -> Void = {
    $0.openGraph.allowsPrivateAddresses = true
    $0.openGraph.milliseconds = 1_000
    $0.openGraph.appJobsMax = 2
  }

  private func withSite(
    _ change: @escaping (inout APILimits) -> Void = { $0.openGraph.allowsPrivateAddresses = true },
    _ body: (TestAPI, Site, UInt16) async throws -> Void
  ) async throws {
    let group = EventLoopGroup(count: 1, name: "site")
    let site = Site()
    let server = HTTPServer(group: group, logger: .silent, metrics: Metrics(), handler: site)
    let port = try await server.start(on: .init(host: "127.0.0.1", port: 0))
    var failure: (any Error)?
    do { try await body(TestAPI(change), site, port) } catch { failure = error }
    await server.drain(timeoutMilliseconds: 0)
    group.stop()
    if let failure { throw failure }
  }

  private func og(_ api: TestAPI, _ url: String, token: TestAPI.Token = .server) async -> TestAPI.Answer {
    await api.call(.get, "og/", "url=\(PercentEncoding.encode(url))", token: token)
  }

  private func isRefused(_ answer: TestAPI.Answer) -> Bool {
    answer.status == 400 && answer.code == 4 && answer.detail == Self.refusal
  }

  @Test func aPageIsReadForEveryoneWithAToken() async throws {
    try await withSite { api, _, port in
      let url = "http://127.0.0.1:\(port)/page?a=b"
      for token in [TestAPI.Token.server, .user("alice"), .scope(resource: "url", action: "read", feedID: nil)] {
        let answer = await og(api, url, token: token)
        #expect(answer.status == 200 && answer.json?["title"]?.string == "Found", "\(answer.body)")
        #expect(answer.json?["original_url"]?.string == url && answer.names.last == "duration")
      }
      #expect(await og(api, url, token: .none).status == 401)
      #expect(await og(api, url, token: .scope(resource: "feed", action: "*", feedID: nil)).status == 403)
      #expect(
        await api.call(.get, "og/", "url=\(PercentEncoding.encode(url))", token: .none, key: "other").status == 401)
      for query in ["", "url=", "url[]=x"] {
        let answer = await api.call(.get, "og/", query)
        #expect(answer.status == 400 && answer.code == 4)
      }
    }
  }

  @Test func whatIsNoPageIsRefused() async throws {
    try await withSite { api, _, port in
      let base = "http://127.0.0.1:\(port)"
      for path in ["/type/image_png", "/type/application_json", "/none", "/status/404", "/status/500", "/status/204"] {
        #expect(isRefused(await og(api, base + path)), "\(path)")
      }
      for url in [
        "http://127.0.0.1:1/", "http://no-such-host.invalid/", "nonsense", "file:///etc/passwd", "ftp://127.0.0.1/",
        "gopher://127.0.0.1/", "http://", "//127.0.0.1/", "javascript:alert(1)",
      ] {
        #expect(isRefused(await og(api, url)), "\(url)")
      }
      #expect(await og(api, base + "/type/application_xhtml+xml").status == 200)
    }
  }

  @Test func redirectsAreFollowedUpToTheLimit() async throws {
    try await withSite { api, _, port in
      let base = "http://127.0.0.1:\(port)"
      let answer = await og(api, base + "/redirect/5")
      #expect(answer.status == 200 && answer.json?["original_url"]?.string == base + "/redirect/5")
      #expect(isRefused(await og(api, base + "/redirect/6")))
      #expect(isRefused(await og(api, base + "/to?file:///etc/passwd")))
    }
  }

  @Test func noMoreThanTheLimitIsRead() async throws {
    try await withSite(Self.smallPages) { api, _, port in
      let answer = await og(api, "http://127.0.0.1:\(port)/large")
      #expect(
        answer.json?["title"]?.string == "Found" && answer.json?["description"]?.string == "Found", "\(answer.body)")
    }
  }

  @Test func aSlowPageEndsInTime() async throws {
    try await withSite(Self.shortTimes) { api, _, port in
      let began = monotonicNanoseconds()
      await withTaskGroup(of: Bool.self) { group in
        for _ in 0..<4 { group.addTask { isRefused(await og(api, "http://127.0.0.1:\(port)/slow")) } }
        for await refused in group { #expect(refused) }
      }
      let milliseconds = (monotonicNanoseconds() - began) / 1_000_000
      // Far more than it takes: the machine may be busy.
      #expect(milliseconds < 100_000, "\(milliseconds) ms")
    }
  }

  /// The address that is connected to decides, whatever names and redirects say.
  @Test func privateAddressesAreNotFetched() async throws {
    try await withSite(Self.standardLimits) { api, site, port in
      for host in [
        "127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "0.0.0.0", "2130706433", "0x7f.1", "127.1",
        "user@127.0.0.1",
        "10.0.0.1", "172.16.0.1", "192.168.0.1", "169.254.169.254", "[fe80::1]", "[fd00::1]", "[64:ff9b::7f00:1]",
        "100.64.0.1",
      ] {
        #expect(isRefused(await og(api, "http://\(host):\(port)/page")), "\(host)")
      }
      #expect(site.asked.withLock { $0.isEmpty }, "\(site.asked.withLock { $0 })")
    }
  }

  @Test func anAppHasItsShareUnderWay() async throws {
    try await withSite(Self.smallShares) { api, _, port in
      let statuses = await withTaskGroup(of: Int.self) { group in
        for _ in 0..<5 { group.addTask { await og(api, "http://127.0.0.1:\(port)/slow").status } }
        return await group.reduce(into: []) { $0.append($1) }
      }
      #expect(statuses.sorted() == [400, 400, 503, 503, 503])
      #expect(await og(api, "http://127.0.0.1:\(port)/page").status == 200, "and may go on afterwards")
    }
  }

  // MARK: Stand-in pages

  @Test func pagesMayStandInForAddresses() async throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "millrace-og-\(UInt64.random(in: 0 ... .max))")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    try Data("<title>Stand-in</title>".utf8).write(to: folder.appending(path: "page.html"))
    let file = folder.appending(path: "pages.json")
    try Data(#"{"https://example.org/movie":"page.html"}"#.utf8).write(to: file)
    let pages = try StandInPages(file: file.path, bytesMax: 100)
    let api = TestAPI(standIns: pages)
    for url in ["https://example.org/movie", "https://example.org/movie/"] {
      let answer = await og(api, url)
      #expect(answer.json?["title"]?.string == "Stand-in" && answer.json?["original_url"]?.string == url)
      #expect(answer.json?["favicon"]?.string == "https://example.org/favicon.ico")
    }
    #expect(throws: StandInPages.Failure.self) { try StandInPages(file: file.path, bytesMax: 10) }
    #expect(throws: StandInPages.Failure.self) { try StandInPages(file: file.path + "x", bytesMax: 100) }
    for broken in ["[]", "x", #"{"a":1}"#, #"{"a":"none.html"}"#] {
      try Data(broken.utf8).write(to: file)
      #expect(throws: StandInPages.Failure.self, "\(broken)") { try StandInPages(file: file.path, bytesMax: 100) }
    }
  }
}
