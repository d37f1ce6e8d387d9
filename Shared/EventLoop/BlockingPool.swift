import Glibc

/// A bounded number of threads for C calls that block, kept away from the loops.
///
/// A full queue refuses: the caller is told at once and can shed load. The threads end when the pool is let go of.
public final class BlockingPool: Sendable {
  public enum Refusal: Error, CustomStringConvertible {
    case queueFull(limit: Int)

    public var description: String {
      switch self {
      case .queueFull(let limit): "\(limit) blocking calls are waiting already: try again later"
      }
    }
  }

  private let core: Core

  public init(threadsMax: Int = 4, queueMax: Int = 1024) {
    core = Core(threadsMax: max(1, threadsMax), queueMax: max(1, queueMax))
  }

  deinit { core.stop() }

  /// Runs `work` on a pool thread and resumes the caller on the executor it came from.
  public func run<Value: Sendable>(_ work: @escaping @Sendable () -> Value) async throws(Refusal) -> Value {
    let result: Result<Value, Refusal> = await withUnsafeContinuation { continuation in
      let accepted = core.submit { continuation.resume(returning: .success(work())) }
      if !accepted { continuation.resume(returning: .failure(.queueFull(limit: core.queueMax))) }
    }
    return try result.get()
  }

  /// What pool and threads share, so that the pool itself can go while its threads finish.
  fileprivate final class Core: @unchecked Sendable {
    // Sound because every variable is touched with `mutex` held only.
    let queueMax: Int
    private let threadsMax: Int
    private let mutex: UnsafeMutablePointer<pthread_mutex_t>
    private let condition: UnsafeMutablePointer<pthread_cond_t>
    private var queue: [@Sendable () -> Void] = []
    private var head = 0
    private var threads = 0
    private var idle = 0
    private var isStopping = false

    init(threadsMax: Int, queueMax: Int) {
      self.threadsMax = threadsMax
      self.queueMax = queueMax
      mutex = .allocate(capacity: 1)
      condition = .allocate(capacity: 1)
      pthread_mutex_init(mutex, nil)
      pthread_cond_init(condition, nil)
    }

    deinit {
      pthread_cond_destroy(condition)
      pthread_mutex_destroy(mutex)
      condition.deallocate()
      mutex.deallocate()
    }

    func submit(_ job: @escaping @Sendable () -> Void) -> Bool {
      pthread_mutex_lock(mutex)
      defer { pthread_mutex_unlock(mutex) }
      guard queue.count - head < queueMax else { return false }
      queue.append(job)
      // Counted against those waiting, not asked whether any waits: an idle thread that was signalled has not yet left.
      if queue.count - head > idle, threads < threadsMax {
        var thread = pthread_t()
        if pthread_create(&thread, nil, runBlockingPool, Unmanaged.passRetained(self).toOpaque()) == 0 {
          pthread_detach(thread)
          threads += 1
        } else {
          Unmanaged.passUnretained(self).release()
          if threads == 0 {
            queue.removeLast()
            return false
          }
        }
      }
      pthread_cond_signal(condition)
      return true
    }

    func stop() {
      pthread_mutex_lock(mutex)
      isStopping = true
      pthread_cond_broadcast(condition)
      pthread_mutex_unlock(mutex)
    }

    func serve() {
      while let job = next() { job() }
    }

    private func next() -> (@Sendable () -> Void)? {
      pthread_mutex_lock(mutex)
      defer { pthread_mutex_unlock(mutex) }
      while head == queue.count {
        if isStopping { return nil }
        idle += 1
        pthread_cond_wait(condition, mutex)
        idle -= 1
      }
      let job = queue[head]
      head += 1
      if head == queue.count {
        queue.removeAll(keepingCapacity: true)
        head = 0
      } else if head >= queueMax {
        queue.removeFirst(head)
        head = 0
      }
      return job
    }
  }
}

private func runBlockingPool(_ box: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
  if let box { Unmanaged<BlockingPool.Core>.fromOpaque(box).takeRetainedValue().serve() }
  return nil
}
