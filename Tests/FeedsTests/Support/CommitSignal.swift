import KeevoClient
import Synchronization

/// Sees by which write a request takes effect: the first sub-batch that is applied under a condition on the activity's record,
/// the one that writes the follow's order row, or the one that hides entries.
final class CommitSignal: Sendable {
  private let operation: FeedOperation
  private let state = Mutex(false)

  init(_ operation: FeedOperation) { self.operation = operation }

  var fired: Bool { state.withLock { $0 } }

  func observe(_ request: WriteRequest, _ response: WriteResponse) {
    for (batch, result) in zip(request.batches, response.results) where result.applied && commits(batch) {
      state.withLock { $0 = true }
    }
  }

  private func commits(_ batch: SubBatch) -> Bool {
    switch operation {
    case .add, .addToMany, .update, .change, .replaceTargets, .editTargets:
      return batch.conditions.contains { Self.isRecord($0) }
    case .remove:
      return batch.conditions.contains { Self.isRecord($0) }
        || batch.operations.contains { operation in
          if case .put(let key, _, _, _) = operation {
            key.space == UInt8(ascii: "e") && key.rest.count == 41 || key.space == UInt8(ascii: "g")
          } else {
            false
          }
        }
    case .follow:
      // With its order row: a switch that it has finished on the way writes the record alone.
      return batch.operations.contains { operation in
        if case .put(let key, _, _, _) = operation { key.space == UInt8(ascii: "o") } else { false }
      }
    case .unfollow:
      return batch.operations.contains { operation in
        if case .delete(let key) = operation { key.space == UInt8(ascii: "o") } else { false }
      }
    case .toggle, .read: return false
    }
  }

  private static func isRecord(_ condition: Condition) -> Bool {
    switch condition {
    case .absent(let key), .versionEquals(let key, _): key.space == UInt8(ascii: "a")
    default: false
    }
  }
}
