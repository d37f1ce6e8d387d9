/// Sixteen bytes that name an upload within its app, as 32 hexadecimal digits in lower case.
public struct UploadID: Hashable, Sendable, CustomStringConvertible {
  public static let bytesCount = 16

  public let description: String

  /// `nil` unless there are sixteen bytes.
  public init?(bytes: some Collection<UInt8>) {
    guard bytes.count == Self.bytesCount else { return nil }
    description = String(decoding: FeedKeys.hexadecimal(Array(bytes)), as: UTF8.self)
  }

  /// `nil` if the text has another form.
  public init?(_ text: String) {
    let isOne = text.utf8.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }
    guard isOne, text.utf8.count == 2 * Self.bytesCount else { return nil }
    description = text
  }
}
