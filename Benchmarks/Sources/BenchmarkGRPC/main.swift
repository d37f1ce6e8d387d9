import EventLoop
import GRPC
import Glibc
import Protobuf

/// The grpc-echo benchmark: a server and a client, each with one loop, on the peer's echo.proto, so that either client can
/// call either server.
///
///     bench-grpc server                          prints `port N`, serves until it is killed
///     bench-grpc client PORT INFLIGHT SECONDS    prints `calls N seconds S`
struct Blob: ProtobufMessage {
  var data: [UInt8] = []

  init(data: [UInt8]) { self.data = data }

  init(from reader: inout ProtobufReader) throws(ProtobufError) {
    while let field = try reader.next() {
      if field == 1 { data = try reader.bytes() } else { try reader.skip() }
    }
  }

  func write(to writer: inout ProtobufWriter) { writer.bytes(1, data) }
}

let say = GRPCMethod(service: "millrace.bench.Echo", "Say")

func serve() async throws {
  let loops = EventLoopGroup(count: 1)
  let server = try GRPCServer(
    address: "127.0.0.1:0", loops: loops,
    methods: [
      say: .unary { (_, message) async throws(GRPCStatus) in
        do throws(ProtobufError) {
          return try Blob(protobuf: message).protobufBytes(reservingCapacity: 128)
        } catch {
          throw GRPCStatus(.invalidArgument, "\(error)")
        }
      }
    ])
  writeOut("port \(server.port)\n")
  while true { try await Task.sleep(for: .seconds(3_600)) }
}

func call(port: UInt16, inFlight: Int, seconds: Double) async throws {
  let loops = EventLoopGroup(count: 1)
  let client = GRPCClient(address: "127.0.0.1:\(port)", loops: loops)
  let message = Blob(data: [UInt8](repeating: UInt8(ascii: "x"), count: 100))
  let warm = monotonicNanoseconds() + 500_000_000
  let end = warm + UInt64(seconds * 1e9)
  let done = await withTaskGroup(of: Int.self) { group in
    for _ in 0..<inFlight {
      group.addTask(executorPreference: loops.loops[0]) {
        var calls = 0
        while true {
          let now = monotonicNanoseconds()
          if now >= end { return calls }
          do {
            let answer = try Blob(protobuf: try await client.unary(say, message.protobufBytes(reservingCapacity: 128)))
            guard answer.data.count == 100 else { preconditionFailure("a wrong answer") }
          } catch { preconditionFailure("a call failed: \(error)") }
          if now >= warm { calls += 1 }
        }
      }
    }
    return await group.reduce(0, +)
  }
  writeOut("calls \(done) seconds \(seconds)\n")
  await client.close()
  loops.stop()
}

func writeOut(_ text: String) {
  let bytes = Array(text.utf8)
  _ = write(1, bytes, bytes.count)
}

let words = CommandLine.arguments.dropFirst().map { $0 }
if words == ["server"] {
  try await serve()
} else if words.count == 4, words[0] == "client", let port = UInt16(words[1]), let inFlight = Int(words[2]),
  let seconds = Double(words[3])
{
  try await call(port: port, inFlight: inFlight, seconds: seconds)
} else {
  fatalError("usage: bench-grpc server | bench-grpc client PORT INFLIGHT SECONDS")
}
