extension ConfigurationSnapshot {
  /// This snapshot as it will be once it holds `revocation`. A key of another app than the revocation names is left alone.
  mutating func apply(_ revocation: Revocation) {
    guard revocation.revision > revision else { return }
    switch revocation.subject {
    case .key(let name, let end):
      guard let key = keys[name], key.app == revocation.app else { return }
      keys[name]?.retiresAtMilliseconds = min(key.retiresAtMilliseconds ?? end, end)
    case .secrets(let name, let end):
      guard let key = keys[name], key.app == revocation.app, var primary = key.secrets.first else { return }
      primary.retiresAtMilliseconds = min(primary.retiresAtMilliseconds ?? end, end)
      keys[name]?.secrets = [primary]
    case .app:
      apps[revocation.app]?.suspended = true
    }
  }
}
