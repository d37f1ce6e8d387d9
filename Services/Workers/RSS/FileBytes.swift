import Glibc

/// Reads files whole, up to a limit.
///
/// This file is the one that hands buffers to read(2): each outlives its call.
enum FileBytes {
  /// - Throws: `RSSFailure` that names the file and the system's reason.
  static func read(_ path: String, bytesMax: Int) throws(RSSFailure) -> [UInt8] {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw RSSFailure("cannot be opened: \(reason())") }
    defer { close(descriptor) }
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 64 << 10)
    while bytes.count <= bytesMax {
      let count = chunk.withUnsafeMutableBytes { Glibc.read(descriptor, $0.baseAddress, $0.count) }
      if count < 0, errno == EINTR { continue }
      guard count >= 0 else { throw RSSFailure("cannot be read: \(reason())") }
      guard count > 0 else { return bytes }
      bytes += chunk[..<count]
    }
    throw RSSFailure("\(FeedDocumentError.tooLarge(bytes: bytes.count, bytesMax: bytesMax))")
  }

  /// The lines of standard input.
  static func standardInputLines() -> [String] {
    var lines: [String] = []
    while let line = readLine() { lines.append(line) }
    return lines
  }

  private static func reason() -> String { String(cString: strerror(errno)) }
}
