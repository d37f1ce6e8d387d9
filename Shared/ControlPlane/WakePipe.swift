import Glibc

/// Wakes a thread that waits in `poll`.
final class WakePipe: Sendable {
  let readEnd: Int32
  private let writeEnd: Int32

  init?() {
    var ends: [Int32] = [-1, -1]
    guard pipe(&ends) == 0 else { return nil }
    for end in ends {
      _ = fcntl(end, F_SETFL, O_NONBLOCK)
      _ = fcntl(end, F_SETFD, FD_CLOEXEC)
    }
    readEnd = ends[0]
    writeEnd = ends[1]
  }

  deinit {
    close(readEnd)
    close(writeEnd)
  }

  func wake() {
    var byte: UInt8 = 1
    // A full pipe is awake already.
    _ = write(writeEnd, &byte, 1)
  }

  /// Waits until woken or the time is over.
  func wait(milliseconds: Int) {
    var set = pollfd(fd: readEnd, events: Int16(POLLIN), revents: 0)
    _ = poll(&set, 1, Int32(clamping: milliseconds))
    drain()
  }

  func drain() {
    var bytes = [UInt8](repeating: 0, count: 64)
    while read(readEnd, &bytes, bytes.count) > 0 {}
  }
}
