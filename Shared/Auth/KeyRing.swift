import ControlPlane

/// The public keys of one configuration snapshot with their secrets prepared for verification.
struct KeyRing: Sendable {
  struct Secret: Sendable {
    let key: HMACKey
    let retiresAtMilliseconds: Int64?
  }

  struct Entry: Sendable {
    let app: AppConfiguration
    let secrets: [Secret]
    let retiresAtMilliseconds: Int64?
    let use: KeyUse
  }

  private let revision: Int64
  let edition: UInt64
  private let entries: [String: Entry]
  let tokens: TokenMemory

  init(_ snapshot: ConfigurationSnapshot, tokenBytesMax: Int) {
    tokens = TokenMemory(bytesMax: tokenBytesMax)
    revision = snapshot.revision
    edition = snapshot.edition
    entries = snapshot.keys.compactMapValues { key in
      snapshot.apps[key.app].map { app in
        let secrets = key.secrets.map {
          Secret(key: HMACKey(secret: $0.bytes), retiresAtMilliseconds: $0.retiresAtMilliseconds)
        }
        return Entry(
          app: app, secrets: secrets, retiresAtMilliseconds: key.retiresAtMilliseconds, use: KeyUse(key: key.key))
      }
    }
  }

  /// Whether it was made from this very content.
  func isOf(_ snapshot: ConfigurationSnapshot) -> Bool {
    revision == snapshot.revision && edition == snapshot.edition
  }

  /// The key's app and secrets, unless it has retired (insight D26).
  func entry(_ key: String, nowMilliseconds: Int64) -> Entry? {
    guard let entry = entries[key], isLive(entry.retiresAtMilliseconds, nowMilliseconds) else { return nil }
    return entry
  }
}

/// Whether a moment of retirement has not come.
func isLive(_ retiresAtMilliseconds: Int64?, _ nowMilliseconds: Int64) -> Bool {
  retiresAtMilliseconds.map { nowMilliseconds < $0 } ?? true
}
