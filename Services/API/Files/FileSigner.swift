import Auth
import Model

/// Signs the addresses of uploads (feeds M1): HMAC-SHA256 under a key of each app, derived from the installation's secret.
/// No API secret enters, so an address outlives the rotation of keys.
public struct FileSigner: Sendable {
  private let keys: [HMACKey]

  /// - Parameter secrets: the first signs, all of them verify; at least one.
  public init(secrets: [[UInt8]]) {
    precondition(!secrets.isEmpty, "addresses cannot be signed without a secret")
    keys = secrets.map { HMACKey(secret: $0) }
  }

  /// The signature of an address that is valid until `expires` (Unix seconds; `nil`: always).
  func signature(_ address: FileAddress, expires: Int64?) -> String {
    Base64URL.encode(code(keys[0], address, expires))
  }

  func verifies(_ signature: String, _ address: FileAddress, expires: Int64?) -> Bool {
    guard let sent = Base64URL.decode(signature.utf8) else { return false }
    return keys.contains { key in
      appKey(key, address.app).verifies(sent, for: message(address, expires))
    }
  }

  /// Bytes that follow from `text` and nobody can guess: for ids.
  func digest(_ text: String, app: AppID) -> [UInt8] { appKey(keys[0], app).code(for: Array("id \(text)".utf8)) }

  private func code(_ key: HMACKey, _ address: FileAddress, _ expires: Int64?) -> [UInt8] {
    appKey(key, address.app).code(for: message(address, expires))
  }

  private func appKey(_ key: HMACKey, _ app: AppID) -> HMACKey {
    HMACKey(secret: key.code(for: Array("app \(app)".utf8)))
  }

  private func message(_ address: FileAddress, _ expires: Int64?) -> [UInt8] {
    Array("file \(address.path)?\(expires.map { "\($0)" } ?? "")".utf8)
  }
}
