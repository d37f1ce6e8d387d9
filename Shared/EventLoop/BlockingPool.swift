import Glibc
import Synchronization

/// A bounded number of threads for C calls that block, kept away from the loops.
///
/// A full queue refuses: the caller is told at once and can shed load.
public final class BlockingPool: Sendable {
  public enum Refusal: Error { case queueFull(limit: Int) }

  private struct State {
    var queue: [@Sendable () -> Void] = []
    var threads = 0
    var idle = 0
  }

  private final class Signal: @unchecked Sendable {
    // Sound because both are only handed to pthread calls, which are thread-safe.
    var mutex = pthread_mutex_t()
    var condition = pthread_cond_t()
  }

  private let threadsMax: Int
  private let queueMax: Int
  private let state = Mutex(State())
  private let signal = Signal()

  public init(threadsMax: Int = 4, queueMax: Int = 1024) {
    self.threadsMax = threadsMax
    self.queueMax = queueMax
    pthread_mutex_init(&signal.mutex, nil)
    pthread_cond_init(&signal.condition, nil)
  }

  /// Runs `work` on a pool thread and resumes the caller on the executor it came from.
  public func run<Value: Sendable>(_ work: @escaping @Sendable () -> Value) async throws(Refusal) -> Value {
    let result: Result<Value, Refusal> = await withUnsafeContinuation { continuation in
      let accepted = submit { continuation.resume(returning: .success(work())) }
      if !accepted { continuation.resume(returning: .failure(.queueFull(limit: queueMax))) }
    }
    return try result.get()
  }

  private func submit(_ job: @escaping @Sendable () -> Void) -> Bool {
    let (accepted, needsThread) = state.withLock { state -> (Bool, Bool) in
      guard state.queue.count < queueMax else { return (false, false) }
      state.queue.append(job)
      if state.idle == 0, state.threads < threadsMax {
        state.threads += 1
        return (true, true)
      }
      return (true, false)
    }
    guard accepted else { return false }
    if needsThread {
      var thread = pthread_t()
      pthread_create(&thread, nil, runBlockingPool, Unmanaged.passRetained(self).toOpaque())
      pthread_detach(thread)
    }
    pthread_mutex_lock(&signal.mutex)
    pthread_cond_signal(&signal.condition)
    pthread_mutex_unlock(&signal.mutex)
    return true
  }

  fileprivate func serve() {
    while true {
      let job = state.withLock { state -> (@Sendable () -> Void)? in
        if state.queue.isEmpty { return nil }
        return state.queue.removeFirst()
      }
      if let job {
        job()
        continue
      }
      pthread_mutex_lock(&signal.mutex)
      let empty = state.withLock { state -> Bool in
        if state.queue.isEmpty { state.idle += 1 }
        return state.queue.isEmpty
      }
      if empty {
        pthread_cond_wait(&signal.condition, &signal.mutex)
        state.withLock { $0.idle -= 1 }
      }
      pthread_mutex_unlock(&signal.mutex)
    }
  }
}

private func runBlockingPool(_ box: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
  Unmanaged<BlockingPool>.fromOpaque(box!).takeRetainedValue().serve()
  return nil
}
