import Glibc
import Synchronization

/// A file behind a descriptor. pread and pwrite share no position, so any thread may call.
final class PosixFile: DiskFile {
  private let descriptor: Int32
  private let path: String
  private let isClosed = Atomic<Bool>(false)

  init(descriptor: Int32, path: String) {
    self.descriptor = descriptor
    self.path = path
  }

  deinit { close() }

  private func failure(_ operation: String) -> DiskError {
    DiskError(operation: operation, path: path, reason: String(cString: strerror(errno)))
  }

  func size() throws(DiskError) -> Int {
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw failure("measure") }
    return Int(status.st_size)
  }

  func read(at offset: Int, count: Int) throws(DiskError) -> [UInt8] {
    var failed = false
    let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
      while filled < count {
        let got = pread(descriptor, buffer.baseAddress.map { $0 + filled }, count - filled, off_t(offset + filled))
        if got < 0, errno == EINTR { continue }
        if got < 0 { failed = true }
        if got <= 0 { return }
        filled += got
      }
    }
    if failed { throw failure("read") }
    guard bytes.count == count else {
      throw DiskError(operation: "read", path: path, reason: "ends \(count - bytes.count) bytes early")
    }
    return bytes
  }

  func write(_ bytes: [UInt8], at offset: Int) throws(DiskError) {
    let complete = bytes.withUnsafeBytes { buffer in
      var done = 0
      while done < buffer.count {
        let written = pwrite(
          descriptor, buffer.baseAddress.map { $0 + done }, buffer.count - done, off_t(offset + done))
        if written < 0, errno == EINTR { continue }
        if written <= 0 { return false }
        done += written
      }
      return true
    }
    guard complete else { throw failure("write") }
  }

  func sync() throws(DiskError) {
    guard fdatasync(descriptor) == 0 else { throw failure("fdatasync") }
  }

  func close() {
    if !isClosed.exchange(true, ordering: .sequentiallyConsistent) { _ = Glibc.close(descriptor) }
  }
}
