import Glibc
import JSON

/// How far an import has come, kept in a file so that it can go on.
struct ExportState: Equatable, Sendable {
  struct File: Equatable, Sendable {
    var path: String
    var bytes: Int
  }

  var files: [File]
  /// The file it is in, and how many of its lines are done.
  var file = 0
  var lines = 0
  /// Items done, refused ones included.
  var done = 0
  var refused = 0

  init(files: [File]) { self.files = files }

  var encoded: [UInt8] {
    JSONValue.object([
      .init("format", .integer(1)),
      .init(
        "files", .array(files.map { .object([.init("path", .string($0.path)), .init("bytes", .integer($0.bytes))]) })),
      .init("file", .integer(file)), .init("lines", .integer(lines)), .init("done", .integer(done)),
      .init("refused", .integer(refused)),
    ]).encoded() + [0x0A]
  }

  /// `nil` if these are not the bytes of a state.
  init?(_ bytes: [UInt8]) {
    guard let value = try? JSONValue(parsing: bytes), value["format"]?.integer == 1, let file = value["file"]?.integer,
      let lines = value["lines"]?.integer, let done = value["done"]?.integer, let refused = value["refused"]?.integer,
      let list = value["files"]?.array, file >= 0, lines >= 0
    else { return nil }
    files = list.compactMap { item in
      guard let path = item["path"]?.string, let bytes = item["bytes"]?.integer else { return nil }
      return File(path: path, bytes: bytes)
    }
    guard files.count == list.count else { return nil }
    (self.file, self.lines, self.done, self.refused) = (file, lines, done, refused)
  }

  // MARK: On disk

  /// `nil` where there is none.
  static func read(_ path: String) throws(RSSFailure) -> ExportState? {
    guard access(path, F_OK) == 0 else { return nil }
    guard let state = ExportState(try FileBytes.read(path, bytesMax: 1 << 20)) else {
      throw RSSFailure("\(path) is no state of an import: remove it to begin anew")
    }
    return state
  }

  /// Written beside and renamed, so that an interruption leaves the one before.
  func write(_ path: String) throws(RSSFailure) {
    let fresh = path + ".new"
    guard let file = fopen(fresh, "we") else { throw Self.failure(fresh) }
    let bytes = encoded
    let written = fwrite(bytes, 1, bytes.count, file)
    guard fclose(file) == 0, written == bytes.count, rename(fresh, path) == 0 else { throw Self.failure(path) }
  }

  static func remove(_ path: String) { unlink(path) }

  private static func failure(_ path: String) -> RSSFailure {
    RSSFailure("\(path) cannot be written: \(String(cString: strerror(errno)))")
  }
}
