/// What the log and the node's own files need of a file system: the seam behind which tests lose power.
///
/// Paths are those of the system. `PosixDisk` is the real one.
protocol Disk: Sendable {
  /// Names in a directory, without order.
  func list(_ directory: String) throws(DiskError) -> [String]
  /// Makes a directory and those above it; none of them need be missing.
  func makeDirectory(_ path: String) throws(DiskError)
  /// Opens for reading and writing; makes an empty file when `create` is set and there is none.
  func open(_ path: String, create: Bool) throws(DiskError) -> any DiskFile
  func rename(_ from: String, to: String) throws(DiskError)
  func remove(_ path: String) throws(DiskError)
  /// Makes what was created, renamed and removed in the directory durable.
  func syncDirectory(_ path: String) throws(DiskError)
  /// Takes a lock that lives as long as the object: no second holder, in this process or another.
  func lock(_ path: String) throws(DiskError) -> any DiskLock
}

/// An open file. Writes are durable after `sync` only; until then a crash may keep any part of any of them.
protocol DiskFile: Sendable {
  func size() throws(DiskError) -> Int
  func read(at offset: Int, count: Int) throws(DiskError) -> [UInt8]
  func write(_ bytes: [UInt8], at offset: Int) throws(DiskError)
  /// fdatasync: the bytes, and the size if it grew.
  func sync() throws(DiskError)
  func close()
}

protocol DiskLock: Sendable {}

/// A failed call of the file system: which, on what, and why.
struct DiskError: Error, Equatable, CustomStringConvertible {
  var operation: String
  var path: String
  var reason: String
  var description: String { "\(operation) \(path): \(reason)" }
}
