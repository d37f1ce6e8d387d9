import KeevoClient

/// Why a job's step ended early.
public enum JobError: Error, Hashable, Sendable {
  /// Somebody else holds the job, or it is done: stop, write nothing more.
  case leaseLost
  /// The store failed; the job is tried again after a while.
  case store(StoreError)
  /// The row cannot be understood by this version; it is left to others.
  case format(FormatError)
  /// It can never succeed: the job goes to the dead letters at once.
  case impossible(String)
}
