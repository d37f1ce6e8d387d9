import CLinux
import Glibc

/// The few socket calls that server and client need; each returns a non-blocking, close-on-exec descriptor.
enum Socket {
  struct Failure: Error {
    let reason: String
  }

  /// A resolved address, IPv4 or IPv6.
  struct Address: Sendable {
    var storage = sockaddr_storage()
    var length: socklen_t = 0
  }

  /// Splits `host:port`, `[v6]:port`.
  static func split(_ text: String) throws(Failure) -> (host: String, port: UInt16) {
    guard let colon = text.lastIndex(of: ":"), let port = UInt16(text[text.index(after: colon)...]) else {
      throw Failure(reason: "\(text) is no address: write host:port")
    }
    var host = String(text[..<colon])
    if host.hasPrefix("["), host.hasSuffix("]") { host = String(host.dropFirst().dropLast()) }
    guard !host.isEmpty else { throw Failure(reason: "\(text) is no address: write host:port") }
    return (host, port)
  }

  /// Looks the host up. A name may block for as long as the resolver does: call it off the loops unless
  /// `numericOnly`.
  static func resolve(_ text: String, numericOnly: Bool) throws(Failure) -> Address {
    let (host, port) = try split(text)
    var hints = addrinfo()
    hints.ai_socktype = socketStream
    hints.ai_flags = numericOnly ? AI_NUMERICHOST | AI_NUMERICSERV : AI_NUMERICSERV
    var list: UnsafeMutablePointer<addrinfo>?
    let code = getaddrinfo(host, String(port), &hints, &list)
    guard code == 0, let first = list else {
      throw Failure(reason: "\(text) cannot be resolved: \(String(cString: gai_strerror(code)))")
    }
    defer { freeaddrinfo(list) }
    // IPv4 first: `localhost` names both, and servers commonly listen on that one only.
    var chosen = first
    var next: UnsafeMutablePointer<addrinfo>? = first
    while let entry = next {
      if entry.pointee.ai_family == AF_INET {
        chosen = entry
        break
      }
      next = entry.pointee.ai_next
    }
    var address = Address()
    address.length = chosen.pointee.ai_addrlen
    withUnsafeMutableBytes(of: &address.storage) {
      $0.copyMemory(from: UnsafeRawBufferPointer(start: chosen.pointee.ai_addr, count: Int(address.length)))
    }
    return address
  }

  /// A listening socket that shares its port with the other loops' ones.
  static func listen(_ address: Address, backlog: Int32) throws(Failure) -> Int32 {
    let descriptor = try make(address)
    var on: Int32 = 1
    setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, 4)
    setsockopt(descriptor, SOL_SOCKET, SO_REUSEPORT, &on, 4)
    let code = withAddress(address) { bind(descriptor, $0, $1) }
    guard code == 0, Glibc.listen(descriptor, backlog) == 0 else {
      let reason = systemMessage(errno)
      close(descriptor)
      throw Failure(reason: reason)
    }
    return descriptor
  }

  /// Begins to connect; the socket is writable when it has, or failed.
  static func connect(_ address: Address) throws(Failure) -> Int32 {
    let descriptor = try make(address)
    let code = withAddress(address) { Glibc.connect(descriptor, $0, $1) }
    guard code == 0 || errno == EINPROGRESS else {
      let reason = systemMessage(errno)
      close(descriptor)
      throw Failure(reason: reason)
    }
    setNoDelay(descriptor)
    return descriptor
  }

  /// The error that a pending connect ended with; 0 for none.
  static func pendingError(_ descriptor: Int32) -> Int32 {
    var code: Int32 = 0
    var length = socklen_t(4)
    getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &code, &length)
    return code
  }

  static func port(of descriptor: Int32) -> UInt16 {
    var address = Address()
    address.length = socklen_t(MemoryLayout<sockaddr_storage>.size)
    _ = withUnsafeMutablePointer(to: &address) { pointer in
      pointer.pointer(to: \.storage)!.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        getsockname(descriptor, $0, pointer.pointer(to: \.length)!)
      }
    }
    // The port stands at the same place, big-endian, in both families.
    return withUnsafeBytes(of: address.storage) { UInt16($0[2]) << 8 | UInt16($0[3]) }
  }

  /// `host:port` of a peer, for logs.
  static func text(_ address: sockaddr_storage) -> String {
    var host = [CChar](repeating: 0, count: Int(NI_MAXHOST))
    var port = [CChar](repeating: 0, count: Int(NI_MAXSERV))
    let code = withUnsafePointer(to: address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        getnameinfo(
          $0, socklen_t(MemoryLayout<sockaddr_storage>.size), &host, socklen_t(host.count), &port,
          socklen_t(port.count), NI_NUMERICHOST | NI_NUMERICSERV)
      }
    }
    guard code == 0 else { return "unknown" }
    func text(_ characters: [CChar]) -> String {
      String(decoding: characters.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
    return "\(text(host)):\(text(port))"
  }

  static func setNoDelay(_ descriptor: Int32) {
    var on: Int32 = 1
    setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &on, 4)
  }

  private static func make(_ address: Address) throws(Failure) -> Int32 {
    let type = socketStream | socketNonBlocking | socketCloseOnExec
    let descriptor = socket(Int32(address.storage.ss_family), type, 0)
    guard descriptor >= 0 else { throw Failure(reason: systemMessage(errno)) }
    return descriptor
  }

  private static func withAddress(_ address: Address, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32) -> Int32 {
    withUnsafePointer(to: address.storage) { storage in
      storage.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, address.length) }
    }
  }
}
