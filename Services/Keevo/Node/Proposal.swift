import KeevoClient

/// One command on its way through the log.
struct Proposal: Sendable {
  /// Encoded by the caller, on the caller's thread.
  var command: [UInt8]
  var ordinals: Int
  /// Called once; further calls are ignored.
  var complete: @Sendable (Result<CommandResult, StoreError>) -> Void
}

/// A committed entry with those who wait for it.
struct CommittedEntry: Sendable {
  var shard: Int
  var entry: LogEntry
  var proposals: [Proposal]
}
