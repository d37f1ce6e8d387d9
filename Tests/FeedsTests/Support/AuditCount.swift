import KeevoClient
import Synchronization

/// Counts the changes that requests have made durable: sub-batches applied under a condition on an activity's record that put
/// or delete it. Each must stand in the audit log.
final class AuditCount: Sendable {
  private let value = Mutex(0)

  var count: Int { value.withLock { $0 } }

  func observe(_ request: WriteRequest, _ response: WriteResponse) {
    for (batch, result) in zip(request.batches, response.results) where result.applied {
      let changes = batch.operations.contains { operation in
        switch operation {
        case .put(let key, _, _, _), .delete(let key): key.rowClass == .data && key.space == UInt8(ascii: "a")
        default: false
        }
      }
      if changes { value.withLock { $0 += 1 } }
    }
  }
}
