import Jobs
import Model

/// What is known of an uploaded file or image, apart from its bytes, which object storage keeps (feeds 2.12).
public struct Upload: Hashable, Sendable {
  public enum Kind: UInt8, Hashable, Sendable {
    case file = 1
    case image = 2
  }

  public var id: UploadID
  public var kind: Kind
  /// The last segment of its address, in `[\w.-]` (feeds M2).
  public var name: String
  public var contentType: String
  public var bytes: Int
  /// Who may process and delete it besides servers (feeds P11, P25); `nil`: nobody.
  public var owner: String?
  public var createdAt: ActivityTime
  /// Which attempt stored the bytes. Each has an object of its own, so that taking one back never takes another's bytes.
  public var attempt: UInt64

  public init(
    id: UploadID, kind: Kind, name: String, contentType: String, bytes: Int, owner: String?, createdAt: ActivityTime,
    attempt: UInt64 = 0
  ) {
    self.id = id
    self.kind = kind
    self.name = name
    self.contentType = contentType
    self.bytes = bytes
    self.owner = owner
    self.createdAt = createdAt
    self.attempt = attempt
  }

  /// Format 2: kind, time, bytes, attempt, name, content type, the owner's id (empty: none). Format 1 had no attempt, and lay
  /// where nothing looks any more.
  func encoded() -> [UInt8] {
    var out = ByteWriter()
    out.integer(UInt8(2))
    out.integer(kind.rawValue)
    out.integer(createdAt.microseconds)
    out.integer(UInt64(bytes))
    out.integer(attempt)
    out.short(name.utf8)
    out.short(contentType.utf8)
    out.short((owner ?? "").utf8)
    return out.bytes
  }

  init(id: UploadID, _ encoded: [UInt8]) throws(FormatError) {
    var reader = ByteReader(encoded)
    _ = try reader.format(2...2)
    let kind = try reader.integer(UInt8.self)
    guard let known = Kind(rawValue: kind) else { throw .unknown(kind) }
    self.kind = known
    createdAt = ActivityTime(microseconds: try reader.integer())
    bytes = Int(clamping: try reader.integer(UInt64.self))
    attempt = try reader.integer()
    name = String(decoding: try reader.short(), as: UTF8.self)
    contentType = String(decoding: try reader.short(), as: UTF8.self)
    let owner = String(decoding: try reader.short(), as: UTF8.self)
    self.owner = owner.isEmpty ? nil : owner
    self.id = id
  }
}
