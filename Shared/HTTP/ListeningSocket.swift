import CLinux
import Glibc

/// Listening sockets of one address, one a loop, between which the kernel spreads connections (`SO_REUSEPORT`).
enum ListeningSocket {
  /// Makes `count` sockets. With port 0 the kernel picks one port for all.
  static func open(_ address: HTTPServer.Address, count: Int) throws(HTTPServer.StartError) -> (
    descriptors: [Int32], port: UInt16
  ) {
    var port = address.port
    if port != 0 {
      // Another process of ours with SO_REUSEPORT would share the port in silence; a plain bind finds it out.
      close(try bound(address, port: port, shared: false).descriptor)
    }
    var descriptors: [Int32] = []
    do throws(HTTPServer.StartError) {
      for _ in 0..<count {
        let (descriptor, boundPort) = try bound(address, port: port, shared: true)
        descriptors.append(descriptor)
        port = boundPort
        if listen(descriptor, 4096) != 0 { throw .system(address, errno) }
      }
    } catch {
      for descriptor in descriptors { close(descriptor) }
      throw error
    }
    return (descriptors, port)
  }

  private static func bound(
    _ address: HTTPServer.Address, port: UInt16, shared: Bool
  ) throws(HTTPServer.StartError) -> (descriptor: Int32, port: UInt16) {
    var hints = addrinfo()
    hints.ai_socktype = socketStream
    hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV
    var found: UnsafeMutablePointer<addrinfo>?
    let host = address.host.isEmpty || address.host == "*" ? "0.0.0.0" : address.host
    guard getaddrinfo(host, String(port), &hints, &found) == 0, let found else { throw .unknownHost(address.host) }
    defer { freeaddrinfo(found) }
    let type = socketStream | socketNonBlocking | socketCloseOnExec
    let descriptor = socket(found.pointee.ai_family, type, 0)
    guard descriptor >= 0 else { throw .system(address, errno) }
    var one: Int32 = 1
    let size = socklen_t(MemoryLayout<Int32>.size)
    setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &one, size)
    if shared { setsockopt(descriptor, SOL_SOCKET, SO_REUSEPORT, &one, size) }
    guard bind(descriptor, found.pointee.ai_addr, found.pointee.ai_addrlen) == 0 else {
      let code = errno
      close(descriptor)
      throw code == EADDRINUSE ? .addressInUse(address) : .system(address, code)
    }
    var storage = sockaddr_storage()
    var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
    withUnsafeMutablePointer(to: &storage) {
      _ = $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(descriptor, $0, &length) }
    }
    // The port is at the same place in both families.
    let boundPort = withUnsafeBytes(of: storage) { UInt16(bigEndian: $0.load(fromByteOffset: 2, as: UInt16.self)) }
    return (descriptor, boundPort)
  }
}

/// The address as text, without the port; empty when it cannot be told.
func numericHost(_ storage: sockaddr_storage, _ length: socklen_t) -> String {
  guard Int(length) >= MemoryLayout<sockaddr_in>.size else { return "" }
  let family = Int32(storage.ss_family)
  // Where the address lies: after family and port, in IPv6 after the flow label too.
  let offset = family == AF_INET6 ? 8 : 4
  return withUnsafeBytes(of: storage) { bytes in
    withUnsafeTemporaryAllocation(of: CChar.self, capacity: Int(INET6_ADDRSTRLEN)) { text in
      guard let start = bytes.baseAddress, let base = text.baseAddress,
        inet_ntop(family, start + offset, base, socklen_t(text.count)) != nil
      else { return "" }
      return String(cString: base)
    }
  }
}
