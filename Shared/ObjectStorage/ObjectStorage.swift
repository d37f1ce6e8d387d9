/// Large values under names, apart from the store: images, files, exports, archives, backups (insight S24).
///
/// Bytes only: what they mean, and their type, callers keep elsewhere. A put is atomic: readers see the object before or
/// the one after, never a part. `FolderStorage` and `S3Storage` keep one contract, and one test holds both to it.
public protocol ObjectStorage: Sendable {
  /// Stores `body` under `key`. Larger bodies go through `upload`.
  func put(_ key: ObjectKey, _ body: [UInt8], when condition: PutCondition) async throws(ObjectStorageError)

  /// The bytes of an object from `offset` on, at most `bytesMax`; `nil` if there is none. Fewer than `bytesMax` are the
  /// last ones.
  func get(_ key: ObjectKey, offset: Int, bytesMax: Int) async throws(ObjectStorageError) -> [UInt8]?

  /// What is known of an object; `nil` if there is none.
  func info(_ key: ObjectKey) async throws(ObjectStorageError) -> ObjectInfo?

  /// Removes an object; that there is none is no error.
  func delete(_ key: ObjectKey) async throws(ObjectStorageError)

  /// Objects of `owner` whose path begins with `prefix`, by the bytes of their paths, after the path `after`.
  func list(
    _ owner: ObjectKey.Owner, prefix: String, after: String, limit: Int
  ) async throws(ObjectStorageError) -> ObjectPage

  /// Begins to store a body too large for memory, piece by piece. Nothing is seen of it before `finish`.
  func upload(_ key: ObjectKey) async throws(ObjectStorageError) -> any ObjectUpload
}

/// When a put takes effect.
public enum PutCondition: Hashable, Sendable {
  case always
  /// Fails with `exists` if the key is taken, whoever else puts at the same time.
  case ifAbsent
}

/// A body on its way. One task at a time; ended by `finish` or `abandon`.
public protocol ObjectUpload: Sendable {
  func append(_ bytes: [UInt8]) async throws(ObjectStorageError)
  /// Makes the object what was appended.
  func finish() async throws(ObjectStorageError)
  /// Throws away what was appended.
  func abandon() async throws(ObjectStorageError)
}

public struct ObjectInfo: Hashable, Sendable {
  public var path: String
  public var bytes: Int
  public init(path: String, bytes: Int) {
    self.path = path
    self.bytes = bytes
  }
}

/// A part of a list; go on after the last path while `isCut`.
public struct ObjectPage: Hashable, Sendable {
  public var objects: [ObjectInfo]
  public var isCut: Bool
  public init(objects: [ObjectInfo], isCut: Bool) {
    self.objects = objects
    self.isCut = isCut
  }
}

/// Limits of every storage.
public enum ObjectLimits {
  /// Bytes of a body that is put or got whole.
  public static let bodyBytesMax = 64 << 20
  /// Bytes appended at once.
  public static let pieceBytesMax = 8 << 20
  /// Bytes of an object made by `upload`.
  public static let uploadBytesMax = 64 << 30
  public static let listMax = 1_000
}

public enum ObjectStorageError: Error, Hashable, Sendable, CustomStringConvertible {
  /// Over a limit or of a wrong form; says which. Trying again changes nothing.
  case invalid(String)
  /// The key is taken (`PutCondition.ifAbsent`).
  case exists
  /// The storage refused the credentials or forbids it.
  case forbidden(String)
  /// No answer, or not now: try again later.
  case unavailable(String)
  /// An answer that cannot be right.
  case failed(String)

  public var description: String {
    switch self {
    case .invalid(let reason): "the object storage cannot take that: \(reason)"
    case .exists: "there is an object of that name already"
    case .forbidden(let reason): "the object storage refused: \(reason)"
    case .unavailable(let reason): "the object storage cannot be reached: \(reason)"
    case .failed(let reason): "the object storage failed: \(reason)"
    }
  }
}
