import Glibc
import Synchronization

/// A file under a hidden name that becomes an object when it is whole. Blocking; removed when let go of unpublished.
final class FolderDraft: Sendable {
  private let file: String
  private let draft: String
  private let descriptor: Mutex<Int32>

  init(for file: String) throws(ObjectStorageError) {
    self.file = file
    let slash = file.lastIndex(of: "/") ?? file.startIndex
    let folder = String(file[..<slash])
    draft = "\(folder)/.draft-\(getpid())-\(UInt64.random(in: 0 ... .max))"
    // A delete of the last object may take nothing away, but an operator may: made anew whenever it is missing.
    try FolderFiles.makeFolders(folder)
    let opened = open(draft, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
    guard opened >= 0 else { throw FolderFiles.error("write", draft) }
    descriptor = Mutex(opened)
  }

  deinit { discard() }

  func append(_ bytes: [UInt8]) throws(ObjectStorageError) {
    let descriptor = descriptor.withLock { $0 }
    guard descriptor >= 0 else { throw .invalid("the upload has ended") }
    var rest = bytes[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
      if count > 0 {
        rest = rest.dropFirst(count)
      } else if errno != EINTR {
        throw FolderFiles.error("write", draft)
      }
    }
  }

  /// Syncs it and gives it its name: over an object of that name, or only if there is none.
  func publish(replacing: Bool) throws(ObjectStorageError) {
    let descriptor = descriptor.withLock { $0 }
    guard descriptor >= 0 else { throw .invalid("the upload has ended") }
    guard fsync(descriptor) == 0 else { throw FolderFiles.error("sync", draft) }
    if replacing {
      guard rename(draft, file) == 0 else { throw FolderFiles.error("store", file) }
    } else {
      guard link(draft, file) == 0 else {
        if errno == EEXIST { throw .exists }
        throw FolderFiles.error("store", file)
      }
      unlink(draft)
    }
    close()
    try FolderFiles.syncFolder(of: file)
  }

  /// Removes what is not published.
  func discard() {
    if close() { unlink(draft) }
  }

  /// Whether it was open.
  @discardableResult
  private func close() -> Bool {
    descriptor.withLock { descriptor in
      guard descriptor >= 0 else { return false }
      Glibc.close(descriptor)
      descriptor = -1
      return true
    }
  }
}
