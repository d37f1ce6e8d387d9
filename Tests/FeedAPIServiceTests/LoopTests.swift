import CLinux
import EventLoop
import FeedAPIService
import Feeds
import Glibc
import HTTP
import Jobs
import KeevoClient
import Model
import Telemetry
import Testing

/// A flat read through the server, the handler and the feed engine never leaves its loop, nor does one that goes on over
/// gRPC to a node of the store.
@Suite(.timeLimit(.minutes(1))) struct LoopTests {
  @Test func aFlatReadEnqueuesNothingFromOtherThreads() async throws {
    let store = MemoryStore()
    let engine = FeedEngine(
      store: store, times: CountingTimes(), groups: FixedGroups(TestAPI.groups),
      timing: JobTiming(wallMilliseconds: { UInt64(wallClockMicroseconds() / 1_000) }),
      logger: .silent, metrics: Metrics())
    let api = TestAPI(feeds: engine)
    for number in 0..<30 {
      let answer = await api.call(.post, "feed/user/1/", body: #"{"actor":"a","verb":"v","object":"\#(number)"}"#)
      #expect(answer.status == 201)
    }
    let group = EventLoopGroup(count: 1, name: "test")
    let server = HTTPServer(group: group, logger: .silent, metrics: Metrics(), handler: api.handler)
    let port = try await server.start(on: .init(host: "127.0.0.1", port: 0))
    let before = group.loops[0].foreignEnqueues
    let count = 200
    let bytes = read(count, port: port, token: TestAPI.Token.server.header ?? "")
    #expect(group.loops[0].foreignEnqueues - before == 0)
    let text = String(decoding: bytes, as: UTF8.self)
    #expect(text.split(separator: "HTTP/1.1 200 OK").count == count)
    #expect(text.split(separator: #""object":"29""#).count == count + 1)
    await server.drain(timeoutMilliseconds: 1_000)
    group.stop()
  }

  /// The same with a real node behind, which has loops and threads of its own: its answers come by the socket.
  /// `remembers`: the page that was given first is given again, once the node has said that it stands.
  @Test(arguments: [1, 2], [false, true])
  func aFlatReadOverGRPCEnqueuesNothingFromOtherThreads(loops: Int, remembers: Bool) async throws {
    try await ServedStore.run { served in
      let group = EventLoopGroup(count: loops, name: "test")
      let client = KeevoClient(address: served.address, loops: group, logger: .silent, metrics: Metrics())
      let api = TestAPI(isLive: true, store: LossyStore(client)) { if !remembers { $0.answerBytesMax = 0 } }
      for number in 0..<30 {
        let answer = await api.call(.post, "feed/user/1/", body: #"{"actor":"a","verb":"v","object":"\#(number)"}"#)
        #expect(answer.status == 201)
      }
      let server = HTTPServer(group: group, logger: .silent, metrics: Metrics(), handler: api.handler)
      let port = try await server.start(on: .init(host: "127.0.0.1", port: 0))
      // Each loop makes its connection at its first call, and looks the address up on a thread for that.
      for loop in group.loops { _ = try await Task(executorPreference: loop) { try await client.topology() }.value }
      let before = group.loops.map(\.foreignEnqueues)
      let count = 200
      let bytes = read(count, port: port, token: TestAPI.Token.server.header ?? "")
      #expect(group.loops.map(\.foreignEnqueues) == before)
      let text = String(decoding: bytes, as: UTF8.self)
      #expect(text.split(separator: "HTTP/1.1 200 OK").count == count)
      #expect(text.split(separator: #""object":"29""#).count == count + 1)
      await server.drain(timeoutMilliseconds: 1_000)
      await client.close()
      group.stop()
    }
  }

  /// Sends reads one after the other over one connection and gives all that came back.
  private func read(_ count: Int, port: UInt16, token: String) -> [UInt8] {
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
    guard connected == 0 else { return [] }
    var timeout = timeval(tv_sec: 5, tv_usec: 0)
    setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &timeout, socklen_t(MemoryLayout<timeval>.size))
    var all: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 65_536)
    for number in 0..<count {
      let close = number == count - 1 ? "Connection: close\r\n" : ""
      let request = Array(
        "GET /api/v1.0/feed/user/1/?api_key=key HTTP/1.1\r\nHost: h\r\nAuthorization: \(token)\r\n\(close)\r\n".utf8)
      guard send(descriptor, request, request.count, Int32(MSG_NOSIGNAL)) == request.count else { return all }
      // The page ends with its duration.
      var answer: [UInt8] = []
      while !answer.suffix(4).elementsEqual("ms\"}".utf8) {
        let received = recv(descriptor, &chunk, chunk.count, 0)
        guard received > 0 else { return all + answer }
        answer += chunk[..<received]
      }
      all += answer
    }
    return all
  }
}
