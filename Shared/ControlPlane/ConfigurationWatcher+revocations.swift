import PubSub

/// Revocations that come over Redis, ahead of PostgreSQL (B20).
extension ConfigurationWatcher {
  /// Acts on revocations the moment they are published. Without it, or while Redis is away, they arrive with the next
  /// comparison, as every other change does.
  public func listen(to pubSub: any PubSub) {
    pubSub.subscribe(
      to: Revocation.channel,
      onGap: { [weak self] in
        // What was published meanwhile is in PostgreSQL.
        self?.wakeUp()
      },
      { [weak self] message in self?.take(message) })
  }

  private func take(_ message: [UInt8]) {
    guard let revocation = Revocation(message: message) else {
      instruments.unreadableRevocations.increment()
      logger.warning("a message of the channel of revocations cannot be read", [("bytes", "\(message.count)")])
      return
    }
    let outcome = state.withLock { state -> Bool? in
      guard revocation.revision > state.loaded.revision else { return nil }
      guard state.ledger.add(revocation) else { return false }
      state.recompute()
      state.isCopyBehind = true
      return true
    }
    switch outcome {
    case nil: return
    case true?:
      instruments.revocations.increment()
      logger.info(
        "revoked ahead of the configuration",
        [("app", "\(revocation.app)"), ("revision", "\(revocation.revision)")])
    default: logger.warning("too many revocations at once; the rest comes with the configuration")
    }
    wakeUp()
  }

  /// PostgreSQL, asked after arrival `mark`, has `revision`, and `loaded` is what this process has of it.
  func confirm(revision: Int64, mark: UInt64) {
    let unfounded = state.withLock { state -> [Revocation] in
      guard !state.ledger.entries.isEmpty else { return [] }
      let unfounded = state.ledger.confirm(revision: revision, mark: mark)
      state.recompute()
      return unfounded
    }
    for revocation in unfounded {
      logger.warning(
        "a revocation came over Redis that PostgreSQL does not know; undone",
        [("app", "\(revocation.app)"), ("revision", "\(revocation.revision)"), ("postgres", "\(revision)")])
    }
  }

  /// Keeps the copy on disk as strict as what is served: a start without PostgreSQL must not bring a revoked key back.
  func keepCopyIfBehind() {
    let behind = state.withLock { state -> ConfigurationSnapshot? in
      defer { state.isCopyBehind = false }
      return state.isCopyBehind ? state.snapshot : nil
    }
    if let behind { keepCopy(behind) }
  }
}
