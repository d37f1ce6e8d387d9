import Model

/// What a service has to say in the audit log by itself, without a change of the configuration (insight D80): written by the
/// watcher's thread at its next turn, in no request's way.
extension ConfigurationWatcher {
  /// Drafts that wait for PostgreSQL; further ones push out the oldest.
  static let auditDraftsMax = 1_000

  /// Notes what is to be written; tried again until it is there. A process that ends before loses it.
  public func audit(_ draft: AuditDraft) {
    state.withLock { state in
      state.auditDrafts.append(draft)
      if state.auditDrafts.count > Self.auditDraftsMax { state.auditDrafts.removeFirst() }
    }
    wakeUp()
  }

  func reportAudit(_ connection: PostgresConnection) throws {
    let drafts = state.withLock { $0.auditDrafts }
    if drafts.isEmpty { return }
    let store = ControlPlaneStore(connection: connection, masterKey: loader.masterKey)
    let actor = AuditDraft.Actor(kind: .system, name: instance)
    // While somebody changes the configuration it waits for the next turn.
    guard try store.audit(drafts, by: actor, timeoutMilliseconds: timing.compareMax) else { return }
    state.withLock { $0.auditDrafts.removeFirst(min(drafts.count, $0.auditDrafts.count)) }
  }
}
