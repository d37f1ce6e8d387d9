/// Lists files below a folder by the bytes of their paths, and no more of the tree than the page needs.
struct FolderWalk {
  let root: String
  let prefix: String
  let after: String
  let limit: Int
  private(set) var page = ObjectPage(objects: [], isCut: false)

  init(root: String, prefix: String, after: String, limit: Int) {
    self.root = root
    self.prefix = prefix
    self.after = after
    self.limit = limit
  }

  mutating func run() throws(ObjectStorageError) { try visit("") }

  /// `folder` is empty, or a path that ends in a slash.
  private mutating func visit(_ folder: String) throws(ObjectStorageError) {
    // A folder stands where its path with the slash does: `a.b` comes before `a/b`.
    let paths = try FolderFiles.names(in: root + folder)
      .map { "\(folder)\($0.name)\($0.isFolder ? "/" : "")" }
      .sorted { Self.precedes($0, $1) }
    for path in paths {
      if page.isCut { return }
      if path.hasSuffix("/") {
        // Left out when no path below can be in the page.
        guard path.hasPrefix(prefix) || prefix.hasPrefix(path) else { continue }
        if Self.precedes(path, after), !after.hasPrefix(path) { continue }
        try visit(path)
      } else if path.hasPrefix(prefix), Self.precedes(after, path) {
        guard let bytes = try FolderFiles.bytes(of: root + path) else { continue }
        if page.objects.count == limit {
          page.isCut = true
          return
        }
        page.objects.append(ObjectInfo(path: path, bytes: bytes))
      }
    }
  }

  private static func precedes(_ a: String, _ b: String) -> Bool { a.utf8.lexicographicallyPrecedes(b.utf8) }
}
