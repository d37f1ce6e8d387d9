import Glibc
import Synchronization

/// The file system of this machine.
struct PosixDisk: Disk {
  private func failure(_ operation: String, _ path: String) -> DiskError {
    DiskError(operation: operation, path: path, reason: String(cString: strerror(errno)))
  }

  func list(_ directory: String) throws(DiskError) -> [String] {
    guard let handle = opendir(directory) else { throw failure("list", directory) }
    defer { closedir(handle) }
    var names: [String] = []
    while let entry = readdir(handle) {
      let name = withUnsafeBytes(of: entry.pointee.d_name) { bytes in
        String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
      }
      if name != ".", name != ".." { names.append(name) }
    }
    return names
  }

  func makeDirectory(_ path: String) throws(DiskError) {
    if mkdir(path, 0o750) == 0 { return }
    if errno == EEXIST { return }
    guard errno == ENOENT, let slash = path.lastIndex(of: "/"), slash != path.startIndex else {
      throw failure("make directory", path)
    }
    let parent = String(path[..<slash])
    try makeDirectory(parent)
    guard mkdir(path, 0o750) == 0 || errno == EEXIST else { throw failure("make directory", path) }
    try syncDirectory(parent)
  }

  func open(_ path: String, create: Bool) throws(DiskError) -> any DiskFile {
    let flags = O_RDWR | O_CLOEXEC | (create ? O_CREAT : 0)
    let descriptor = Glibc.open(path, flags, 0o640)
    guard descriptor >= 0 else { throw failure("open", path) }
    return PosixFile(descriptor: descriptor, path: path)
  }

  func rename(_ from: String, to: String) throws(DiskError) {
    guard Glibc.rename(from, to) == 0 else { throw failure("rename", from) }
  }

  func remove(_ path: String) throws(DiskError) {
    guard unlink(path) == 0 else { throw failure("remove", path) }
  }

  func syncDirectory(_ path: String) throws(DiskError) {
    let descriptor = Glibc.open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else { throw failure("open", path) }
    defer { _ = Glibc.close(descriptor) }
    guard fsync(descriptor) == 0 else { throw failure("sync", path) }
  }

  func lock(_ path: String) throws(DiskError) -> any DiskLock {
    let descriptor = Glibc.open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o640)
    guard descriptor >= 0 else { throw failure("open", path) }
    guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
      let reason = errno == EWOULDBLOCK ? "held by another running node" : String(cString: strerror(errno))
      _ = Glibc.close(descriptor)
      throw DiskError(operation: "lock", path: path, reason: reason)
    }
    return PosixLock(descriptor: descriptor)
  }
}

private final class PosixLock: DiskLock {
  private let descriptor: Int32
  init(descriptor: Int32) { self.descriptor = descriptor }
  deinit { close(descriptor) }
}
