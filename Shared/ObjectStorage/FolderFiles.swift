import Glibc

/// The calls of the file system that `FolderStorage` needs. Blocking.
enum FolderFiles {
  /// What `errno` says.
  static func error(_ doing: String, _ path: String) -> ObjectStorageError {
    let code = errno
    let text = "cannot \(doing) \(path): \(String(cString: strerror(code)))"
    return switch code {
    case EACCES, EPERM, EROFS: .forbidden(text)
    case ENOSPC, EDQUOT, EMFILE, ENFILE, EIO: .unavailable(text)
    case ENOTDIR, EISDIR, ENAMETOOLONG, ENOTEMPTY: .invalid("\(text) (a path cannot be both an object and a folder)")
    default: .failed(text)
    }
  }

  static func makeFolders(_ path: String) throws(ObjectStorageError) {
    if mkdir(path, 0o700) == 0 || errno == EEXIST { return }
    guard errno == ENOENT, let slash = path.lastIndex(of: "/"), slash > path.startIndex else {
      throw error("make", path)
    }
    try makeFolders(String(path[..<slash]))
    guard mkdir(path, 0o700) == 0 || errno == EEXIST else { throw error("make", path) }
  }

  static func syncFolder(of file: String) throws(ObjectStorageError) {
    let folder = String(file[..<(file.lastIndex(of: "/") ?? file.startIndex)])
    let descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else { throw error("sync", folder) }
    defer { close(descriptor) }
    guard fsync(descriptor) == 0 else { throw error("sync", folder) }
  }

  /// `nil` if there is no file of that name.
  static func bytes(of file: String) throws(ObjectStorageError) -> Int? {
    var status = stat()
    guard lstat(file, &status) == 0 else {
      if errno == ENOENT || errno == ENOTDIR { return nil }
      throw error("look at", file)
    }
    return status.st_mode & S_IFMT == S_IFREG ? Int(status.st_size) : nil
  }

  static func read(_ file: String, offset: Int, bytesMax: Int) throws(ObjectStorageError) -> [UInt8]? {
    let descriptor = open(file, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
    guard descriptor >= 0 else {
      if errno == ENOENT || errno == ENOTDIR { return nil }
      throw error("read", file)
    }
    defer { close(descriptor) }
    // Of the file that is open, whatever has its name by now.
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw error("look at", file) }
    guard status.st_mode & S_IFMT == S_IFREG else { return nil }
    let size = Int(status.st_size)
    var bytes = [UInt8](repeating: 0, count: min(bytesMax, max(0, size - offset)))
    var filled = 0
    while filled < bytes.count {
      let start = filled
      let count = bytes.withUnsafeMutableBytes { all in
        let room = UnsafeMutableRawBufferPointer(rebasing: all[start...])
        return pread(descriptor, room.baseAddress, room.count, off_t(offset + start))
      }
      if count > 0 {
        filled += count
      } else if count == 0 {
        break
      } else if errno != EINTR {
        throw error("read", file)
      }
    }
    return Array(bytes.prefix(filled))
  }

  /// The names in a folder that are not hidden, and whether each is a folder; none if the folder is not there.
  static func names(in folder: String) throws(ObjectStorageError) -> [(name: String, isFolder: Bool)] {
    guard let stream = opendir(folder) else {
      if errno == ENOENT || errno == ENOTDIR { return [] }
      throw error("list", folder)
    }
    defer { closedir(stream) }
    var names: [(name: String, isFolder: Bool)] = []
    while let entry = readdir(stream) {
      let name = withUnsafeBytes(of: entry.pointee.d_name) {
        String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
      }
      if name.hasPrefix(".") { continue }
      var status = stat()
      guard lstat("\(folder)/\(name)", &status) == 0 else { continue }  // Deleted meanwhile.
      let kind = status.st_mode & S_IFMT
      if kind == S_IFREG || kind == S_IFDIR { names.append((name, kind == S_IFDIR)) }
    }
    return names
  }
}
