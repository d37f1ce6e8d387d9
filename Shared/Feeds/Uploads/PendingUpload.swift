import Jobs
import KeevoClient

/// An upload whose bytes are on their way into object storage: noted and counted before the first of them, so that whatever a
/// crash leaves there is found (`Uploads.expired`).
public struct PendingUpload: Hashable, Sendable {
  public var upload: Upload
  /// The store's time when it was noted, milliseconds since 1970.
  public var beganMilliseconds: UInt64

  public init(_ upload: Upload, beganMilliseconds: UInt64) {
    self.upload = upload
    self.beganMilliseconds = beganMilliseconds
  }

  static let space = UInt8(ascii: "w")

  /// The oldest first.
  var key: RowKey {
    RowKey(
      space: Self.space,
      rest: FeedKeys.bigEndian(beganMilliseconds) + Array(upload.id.description.utf8)
        + FeedKeys.bigEndian(upload.attempt))
  }

  init(_ row: Row) throws(FormatError) {
    let rest = row.key.rest
    guard rest.count == 16 + 2 * UploadID.bytesCount,
      let id = UploadID(String(decoding: rest[8..<(8 + 2 * UploadID.bytesCount)], as: UTF8.self))
    else { throw .malformed("the key of a pending upload") }
    upload = try Upload(id: id, row.value)
    beganMilliseconds = FeedKeys.integer(rest.prefix(8))
  }
}
