import CLinux
import EventLoop
import Glibc

/// One loop's share of a server: its listening socket and the connections it accepted. On the loop only, but for `init`.
final class Listener: @unchecked Sendable {
  // Sound because its mutable state is touched on its loop's thread only.

  /// Out of descriptors or memory: accepting pauses so long.
  private static let pauseNanoseconds: UInt64 = 100_000_000

  private let loop: EventLoop
  private let descriptor: Int32
  private var listening = false
  private var open: [ObjectIdentifier: ServerConnection] = [:]

  init(loop: EventLoop, descriptor: Int32) {
    self.loop = loop
    self.descriptor = descriptor
  }

  func start(_ server: GRPCServer) {
    loop.execute { [self] in
      listening = true
      register(server)
    }
  }

  private func register(_ server: GRPCServer) {
    loop.register(descriptor, for: .read) { [weak server, self] _ in
      if let server { accept(server) }
    }
  }

  private func accept(_ server: GRPCServer) {
    for _ in 0..<64 {
      var address = sockaddr_storage()
      var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
      let accepted = withUnsafeMutablePointer(to: &address) {
        $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
          accept4(descriptor, $0, &length, socketNonBlocking | socketCloseOnExec)
        }
      }
      if accepted < 0 {
        switch errno {
        case EINTR, ECONNABORTED: continue
        case EAGAIN: return
        default:
          server.logger.warning("accepting gRPC connections pauses", [("reason", systemMessage(errno))])
          loop.deregister(descriptor)
          loop.schedule(afterNanoseconds: Self.pauseNanoseconds) { [weak server, self] in
            if listening, let server { register(server) }
          }
          return
        }
      }
      guard server.admit() else {
        close(accepted)
        server.logger.warning(
          "gRPC connection refused: past the limit connections-max", [("limit", String(server.settings.connectionsMax))]
        )
        continue
      }
      Socket.setNoDelay(accepted)
      let connection = ServerConnection(
        server: server, loop: loop, descriptor: accepted, peer: Socket.text(address)
      ) { [self] closed in
        open.removeValue(forKey: ObjectIdentifier(closed))
        server.left()
      }
      open[ObjectIdentifier(connection)] = connection
      connection.start()
    }
  }

  private func onLoop(_ work: @escaping @Sendable () -> Void) async {
    await withUnsafeContinuation { continuation in
      loop.execute {
        work()
        continuation.resume()
      }
    }
  }

  func drain() async {
    await onLoop { [self] in
      if listening {
        listening = false
        loop.deregister(descriptor)
        close(descriptor)
      }
      for connection in open.values { connection.drain() }
    }
  }

  func closeAll() async {
    await onLoop { [self] in
      for connection in Array(open.values) { connection.close("the server has drained") }
    }
  }
}
