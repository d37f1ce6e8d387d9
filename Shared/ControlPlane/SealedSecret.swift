/// A secret as PostgreSQL and the disk hold it: ciphertext, and beside it the id of the master key that opens it (B21).
public struct SealedSecret: Hashable, Sendable {
  public var keyID: String
  /// Format byte 1 ‖ nonce ‖ ciphertext ‖ tag.
  public var bytes: [UInt8]

  static let format: UInt8 = 1

  public init(keyID: String, bytes: [UInt8]) {
    self.keyID = keyID
    self.bytes = bytes
  }
}
