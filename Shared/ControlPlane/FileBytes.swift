import Glibc

/// Small files, read whole and replaced whole. Blocking: never on an event loop.
public enum FileBytes {
  /// The file's bytes, or `nil` with `errno` set if it cannot be read or is larger than `bytesMax`.
  public static func read(path: String, bytesMax: Int) -> [UInt8]? {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    return read(descriptor, bytesMax: bytesMax)
  }

  static func read(_ descriptor: Int32, bytesMax: Int) -> [UInt8]? {
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 64 << 10)
    while true {
      let count = Glibc.read(descriptor, &chunk, chunk.count)
      if count < 0 {
        if errno == EINTR { continue }
        return nil
      }
      if count == 0 { return bytes }
      bytes += chunk[..<count]
      if bytes.count > bytesMax {
        errno = EFBIG
        return nil
      }
    }
  }

  /// Writes and syncs a new file; `false` with `errno` set if it could not, and then the file is gone again.
  static func write(_ bytes: [UInt8], to path: String, mode: mode_t) -> Bool {
    let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode)
    guard descriptor >= 0 else { return false }
    var offset = 0
    var failed = false
    while offset < bytes.count, !failed {
      let count = bytes[offset...].withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
      if count < 0 { failed = errno != EINTR } else { offset += count }
    }
    if !failed { failed = fsync(descriptor) != 0 }
    let reason = errno
    close(descriptor)
    if failed {
      unlink(path)
      errno = reason
    }
    return !failed
  }

  /// Puts `bytes` in the place of `path` in one step, mode 600.
  static func replace(_ path: String, with bytes: [UInt8]) -> Bool {
    let draft = "\(path).\(getpid()).new"
    unlink(draft)
    guard write(bytes, to: draft, mode: 0o600) else { return false }
    guard rename(draft, path) == 0 else {
      let reason = errno
      unlink(draft)
      errno = reason
      return false
    }
    return true
  }
}
