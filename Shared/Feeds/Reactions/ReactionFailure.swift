import Jobs
import KeevoClient

/// A failure inside the parts of `ReactionService`, before it gets its public form.
enum ReactionFailure: Error {
  case store(StoreError)
  case contention
  case reaction(ReactionError)

  /// Runs calls of the store.
  static func of<Success>(
    _ body: () async throws(StoreError) -> Success
  ) async throws(ReactionFailure) -> Success {
    do { return try await body() } catch { throw .store(error) }
  }

  var reaction: ReactionError {
    switch self {
    case .store(.invalid(let reason)): .feeds(.invalid(reason))
    case .store(let error): .feeds(.store(error))
    case .contention: .feeds(.contention)
    case .reaction(let error): error
    }
  }
}

extension JobError {
  /// For requests that run a job's part themselves and cannot go on without it.
  var store: StoreError {
    switch self {
    case .store(let error): error
    case .leaseLost: .overloaded("a job is taken over again and again")
    case .format(let error): .unknownFormat("job: \(error)")
    case .impossible(let reason): .failed(reason)
    }
  }
}
