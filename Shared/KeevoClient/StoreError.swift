/// Why a call of the store failed.
public enum StoreError: Error, Hashable, Sendable {
  /// Over a limit or malformed; says which. Never retried.
  case invalid(String)
  /// Refused before the log: nothing was written, safe to retry after a while.
  case overloaded(String)
  /// The shard lies elsewhere now; the map has been refreshed.
  case wrongShard(mapVersion: UInt64)
  case notLeader(hint: String?)
  /// Not known whether it took effect: only the same request with the same sequence may be retried.
  case unknown(String)
  /// No connection to any node that could answer.
  case unavailable(String)
  case deadlineExceeded
  /// Written by a newer version of the store.
  case unknownFormat(String)
  /// The store has stopped itself: its disk failed.
  case failed(String)
}
