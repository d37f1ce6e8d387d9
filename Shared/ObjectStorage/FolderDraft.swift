import Glibc
import Synchronization

/// A file that becomes an object when it is whole. Blocking; removed when let go of unpublished. Drafts lie in a folder of their
/// own, so that those of processes that died are found (`sweep`).
final class FolderDraft: Sendable {
  private let file: String
  private let draft: String
  private let descriptor: Mutex<Int32>

  /// Seconds after its last write for which a draft is taken to be at work.
  static let ageSecondsMax = 86_400

  /// - Parameter drafts: the folder of drafts, of the same file system as `file`.
  init(for file: String, in drafts: String) throws(ObjectStorageError) {
    self.file = file
    let slash = file.lastIndex(of: "/") ?? file.startIndex
    draft = "\(drafts)/\(getpid())-\(UInt64.random(in: 0 ... .max))"
    // A delete of the last object may take nothing away, but an operator may: made anew whenever it is missing.
    try FolderFiles.makeFolders(String(file[..<slash]))
    try FolderFiles.makeFolders(drafts)
    let opened = open(draft, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
    guard opened >= 0 else { throw FolderFiles.error("write", draft) }
    descriptor = Mutex(opened)
  }

  deinit { discard() }

  /// Removes drafts that nobody has written to for a day.
  static func sweep(_ drafts: String, nowSeconds: Int = time(nil)) throws(ObjectStorageError) {
    for (name, isFolder) in try FolderFiles.names(in: drafts) where !isFolder {
      var status = stat()
      guard lstat("\(drafts)/\(name)", &status) == 0, nowSeconds - status.st_mtim.tv_sec > ageSecondsMax else {
        continue
      }
      guard unlink("\(drafts)/\(name)") == 0 || errno == ENOENT else {
        throw FolderFiles.error("delete", "\(drafts)/\(name)")
      }
    }
  }

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
