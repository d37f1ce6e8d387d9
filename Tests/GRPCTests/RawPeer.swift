import CLinux
import EventLoop
import Glibc

/// A blocking socket that speaks HTTP/2 frame by frame, for what no client of good will sends.
///
/// What blocks runs on a thread of its own: a test that blocked one of Swift's few would stop the others.
final class RawPeer: Sendable {
  static let threads = BlockingPool(threadsMax: 8)

  static let preface = Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8)

  private let descriptor: Int32

  init(port: UInt16) throws {
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
    guard code == 0 else { throw Failure.notConnected }
    setTimeout(milliseconds: 5_000)
  }

  /// Takes over an accepted connection.
  init(descriptor: Int32) {
    self.descriptor = descriptor
    setTimeout(milliseconds: 5_000)
  }

  enum Failure: Error { case notConnected }

  deinit { close(descriptor) }

  private func setTimeout(milliseconds: Int) {
    var time = timeval(tv_sec: milliseconds / 1_000, tv_usec: (milliseconds % 1_000) * 1_000)
    setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &time, socklen_t(MemoryLayout<timeval>.size))
    setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &time, socklen_t(MemoryLayout<timeval>.size))
  }

  /// False when the other side has closed.
  @discardableResult
  func write(_ bytes: [UInt8]) -> Bool {
    var offset = 0
    while offset < bytes.count {
      let count = bytes.withUnsafeBytes {
        send(descriptor, $0.baseAddress! + offset, bytes.count - offset, Int32(MSG_NOSIGNAL))
      }
      if count <= 0 { return false }
      offset += count
    }
    return true
  }

  /// Everything until the other side closes, or 5 s of silence; `closed` tells which.
  func readToEnd() async -> (bytes: [UInt8], closed: Bool) {
    (try? await Self.threads.run { self.readBlocking() }) ?? ([], false)
  }

  private func readBlocking() -> (bytes: [UInt8], closed: Bool) {
    var all: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 65_536)
    while true {
      let count = recv(descriptor, &buffer, buffer.count, 0)
      if count == 0 { return (all, true) }
      if count < 0 { return (all, errno == ECONNRESET) }
      all += buffer.prefix(count)
    }
  }

  static func frame(_ type: UInt8, flags: UInt8 = 0, stream: UInt32 = 0, _ payload: [UInt8] = []) -> [UInt8] {
    let count = payload.count
    return [UInt8(count >> 16 & 0xFF), UInt8(count >> 8 & 0xFF), UInt8(count & 0xFF), type, flags]
      + (0..<4).map { UInt8(truncatingIfNeeded: stream >> (24 - 8 * UInt32($0))) } + payload
  }

  static let settings = frame(4)

  static func headers(_ fields: [(String, String)], stream: UInt32, flags: UInt8 = 0x4) -> [UInt8] {
    var block: [UInt8] = []
    for (name, value) in fields {
      // A literal without indexing, its name and value as they are (RFC 7541, 6.2.2).
      block += [0, UInt8(name.utf8.count)] + Array(name.utf8) + [UInt8(value.utf8.count)] + Array(value.utf8)
    }
    return frame(1, flags: flags, stream: stream, block)
  }

  static func call(_ path: String, stream: UInt32, more: [(String, String)] = [], flags: UInt8 = 0x4) -> [UInt8] {
    headers(
      [
        (":method", "POST"), (":scheme", "http"), (":path", path), (":authority", "x"),
        ("content-type", "application/grpc"), ("te", "trailers"),
      ] + more, stream: stream, flags: flags)
  }

  static func reset(stream: UInt32) -> [UInt8] { frame(3, stream: stream, [0, 0, 0, 8]) }

  /// The frames of a byte stream, as type, flags, stream, payload.
  static func frames(_ bytes: [UInt8]) -> [(type: UInt8, flags: UInt8, stream: UInt32, payload: [UInt8])] {
    var frames: [(type: UInt8, flags: UInt8, stream: UInt32, payload: [UInt8])] = []
    var offset = 0
    while offset + 9 <= bytes.count {
      let count = Int(bytes[offset]) << 16 | Int(bytes[offset + 1]) << 8 | Int(bytes[offset + 2])
      let stream = bytes[(offset + 5)..<(offset + 9)].reduce(0) { $0 << 8 | UInt32($1) }
      guard offset + 9 + count <= bytes.count else { break }
      frames.append(
        (bytes[offset + 3], bytes[offset + 4], stream, Array(bytes[(offset + 9)..<(offset + 9 + count)])))
      offset += 9 + count
    }
    return frames
  }
}

/// A listening socket that accepts and then does what the test says.
final class RawListener: Sendable {
  private let descriptor: Int32
  let port: UInt16

  init() throws {
    let descriptor = socket(AF_INET, socketStream, 0)
    self.descriptor = descriptor
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let code = withUnsafeMutablePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
        bind(descriptor, pointer, length) + listen(descriptor, 16) + getsockname(descriptor, pointer, &length)
      }
    }
    guard code == 0 else { throw RawPeer.Failure.notConnected }
    port = UInt16(bigEndian: address.sin_port)
  }

  deinit { close(descriptor) }

  func acceptOne() async throws -> RawPeer {
    let listening = descriptor
    return RawPeer(descriptor: try await RawPeer.threads.run { accept(listening, nil, nil) })
  }
}
