import CLinux
import Foundation
import Synchronization

/// A TCP proxy in front of a server that can lose what the server answers and then break every connection: what a client
/// sees when a machine or a link dies between its request and the answer.
final class BreakingProxy: Sendable {
  let port: UInt16
  private let target: UInt16
  private let listener: Int32
  private let sockets = Mutex<Set<Int32>>([])
  private let isDeaf = Atomic<Bool>(false)
  private let isStopped = Atomic<Bool>(false)
  private let cutCount = Atomic<Int>(0)

  init(target: UInt16) throws {
    self.target = target
    let descriptor = socket(AF_INET, socketStream, 0)
    listener = descriptor
    var address = Self.loopback(0)
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let code = withUnsafeMutablePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
        bind(descriptor, pointer, length) + listen(descriptor, 64) + getsockname(descriptor, pointer, &length)
      }
    }
    guard code == 0 else { throw CocoaError(.fileNoSuchFile) }
    port = UInt16(bigEndian: address.sin_port)
    Thread.detachNewThread { [self] in acceptAll() }
  }

  /// Connections broken so far.
  var cuts: Int { cutCount.load(ordering: .relaxed) }

  /// Loses what the server says for a moment, then breaks every connection.
  func breakAll(deafSeconds: Double) {
    isDeaf.store(true, ordering: .sequentiallyConsistent)
    Thread.sleep(forTimeInterval: deafSeconds)
    sockets.withLock { sockets in
      for socket in sockets { shutdown(socket, Int32(SHUT_RDWR)) }
      cutCount.add(sockets.count / 2, ordering: .relaxed)
    }
    isDeaf.store(false, ordering: .sequentiallyConsistent)
  }

  func stop() {
    isStopped.store(true, ordering: .sequentiallyConsistent)
    shutdown(listener, Int32(SHUT_RDWR))
    breakAll(deafSeconds: 0)
  }

  private static func loopback(_ port: UInt16) -> sockaddr_in {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    return address
  }

  private func acceptAll() {
    while !isStopped.load(ordering: .sequentiallyConsistent) {
      let near = accept(listener, nil, nil)
      guard near >= 0 else { break }
      let far = socket(AF_INET, socketStream, 0)
      var address = Self.loopback(target)
      let code = withUnsafePointer(to: &address) {
        $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
          connect(far, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
        }
      }
      guard code == 0 else {
        close(near)
        close(far)
        continue
      }
      sockets.withLock { $0.formUnion([near, far]) }
      let open = Counted(2)
      Thread.detachNewThread { [self] in pump(near, far, open, mayBeLost: false) }
      Thread.detachNewThread { [self] in pump(far, near, open, mayBeLost: true) }
    }
    close(listener)
  }

  /// Both directions must have ended before the descriptors may be closed and used again.
  private final class Counted: Sendable {
    let left: Atomic<Int>
    init(_ count: Int) { left = Atomic(count) }
  }

  private func pump(_ from: Int32, _ to: Int32, _ open: Counted, mayBeLost: Bool) {
    var buffer = [UInt8](repeating: 0, count: 65_536)
    while true {
      let count = recv(from, &buffer, buffer.count, 0)
      if count <= 0 { break }
      if mayBeLost, isDeaf.load(ordering: .sequentiallyConsistent) { continue }
      var sent = 0
      while sent < count {
        let part = buffer.withUnsafeBytes { send(to, $0.baseAddress! + sent, count - sent, Int32(MSG_NOSIGNAL)) }
        if part <= 0 { break }
        sent += part
      }
      if sent < count { break }
    }
    shutdown(from, Int32(SHUT_RDWR))
    shutdown(to, Int32(SHUT_RDWR))
    guard open.left.subtract(1, ordering: .sequentiallyConsistent).newValue == 0 else { return }
    sockets.withLock {
      $0.remove(from)
      $0.remove(to)
      close(from)
      close(to)
    }
  }
}
