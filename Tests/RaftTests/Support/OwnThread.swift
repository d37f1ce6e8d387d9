import Foundation

/// Runs what takes long on a thread of its own. Tests share a pool of as many threads as there are cores: one that computes for
/// minutes there holds up those that measure time.
func onOwnThread<Value: Sendable>(_ work: @escaping @Sendable () throws -> Value) async throws -> Value {
  try await withCheckedThrowingContinuation { continuation in
    let thread = Thread { continuation.resume(with: Result { try work() }) }
    thread.stackSize = 8 << 20
    thread.start()
  }
}
