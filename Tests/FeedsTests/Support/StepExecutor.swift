import Synchronization

/// Runs tasks one job at a time, in the order they became ready, and only when told to: what makes interleavings replayable.
final class StepExecutor: TaskExecutor {
  private let ready = Mutex<[UnownedJob]>([])

  func enqueue(_ job: consuming ExecutorJob) {
    let job = UnownedJob(job)
    ready.withLock { $0.append(job) }
  }

  /// Starts a task that runs on this executor.
  func launch(_ body: @escaping @Sendable () async -> Void) { Task(executorPreference: self) { await body() } }

  /// Runs jobs until none is ready: every task then waits at a gate, or has ended.
  func drain() {
    while let job = ready.withLock({ $0.isEmpty ? nil : $0.removeFirst() }) {
      job.runSynchronously(on: asUnownedTaskExecutor())
    }
  }
}
