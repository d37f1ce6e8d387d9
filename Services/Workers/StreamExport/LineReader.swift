import Glibc

/// The lines of a file, one at a time, each with its number.
///
/// This file is the one of the import that hands buffers to read(2): each outlives its call.
final class LineReader {
  private let descriptor: Int32
  private let lineBytesMax: Int
  private var buffer: [UInt8] = []
  private var position = 0
  private var isAtEnd = false
  /// Of the line given last, counted from 1.
  private(set) var number = 0
  /// Bytes of the lines given so far.
  private(set) var bytes = 0

  init(_ path: String, lineBytesMax: Int) throws(RSSFailure) {
    descriptor = open(path, O_RDONLY | O_CLOEXEC)
    self.lineBytesMax = lineBytesMax
    guard descriptor >= 0 else { throw RSSFailure("\(path) cannot be opened: \(String(cString: strerror(errno)))") }
  }

  deinit { if descriptor >= 0 { close(descriptor) } }

  static func size(of path: String) throws(RSSFailure) -> Int {
    var found = stat()
    guard stat(path, &found) == 0 else {
      throw RSSFailure("\(path) cannot be opened: \(String(cString: strerror(errno)))")
    }
    return Int(found.st_size)
  }

  /// The next line without its end; `nil` after the last.
  func next() throws(RSSFailure) -> [UInt8]? {
    var searched = position
    while true {
      if let end = buffer[searched...].firstIndex(of: 0x0A) {
        try check(end - position)
        defer { position = end + 1 }
        return take(buffer[position..<end], bytes: end + 1 - position)
      }
      try check(buffer.count - position)
      if isAtEnd {
        guard position < buffer.count else { return nil }
        defer { position = buffer.count }
        return take(buffer[position...], bytes: buffer.count - position)
      }
      buffer.removeFirst(position)
      position = 0
      searched = buffer.count
      try fill()
    }
  }

  private func check(_ count: Int) throws(RSSFailure) {
    guard count <= lineBytesMax else {
      throw RSSFailure("line \(number + 1) has more than \(lineBytesMax) bytes: --max-line-bytes allows more")
    }
  }

  private func take(_ line: ArraySlice<UInt8>, bytes count: Int) -> [UInt8] {
    number += 1
    bytes += count
    return Array(line)
  }

  private func fill() throws(RSSFailure) {
    var chunk = [UInt8](repeating: 0, count: 256 << 10)
    while true {
      let count = chunk.withUnsafeMutableBytes { Glibc.read(descriptor, $0.baseAddress, $0.count) }
      if count < 0, errno == EINTR { continue }
      guard count >= 0 else {
        throw RSSFailure("line \(number + 1) cannot be read: \(String(cString: strerror(errno)))")
      }
      if count == 0 { isAtEnd = true }
      buffer += chunk[..<count]
      return
    }
  }
}
