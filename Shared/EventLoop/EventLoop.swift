import CLinux
import Glibc
import Synchronization

/// One thread that polls sockets with epoll and runs Swift jobs between two polls.
///
/// It is a task executor and a serial executor at once: a task started with `Task(executorPreference: loop)`
/// and the plain `async` functions it calls stay on this thread, because a hop to another thread costs more
/// than a whole request.
///
/// Unless a member says otherwise, it may be called on the loop's own thread only.
public final class EventLoop: SerialExecutor, TaskExecutor, @unchecked Sendable {
  // Sound because every stored property below is either atomic, guarded by a mutex, or touched on the loop's
  // own thread only, which `assertOnLoop` checks.

  /// What a file descriptor is ready for.
  public struct Readiness: OptionSet, Sendable {
    public let rawValue: UInt32
    public init(rawValue: UInt32) { self.rawValue = rawValue }
    public static let read = Readiness(rawValue: 0x001)
    public static let write = Readiness(rawValue: 0x004)
    /// The peer closed, or an error is pending: a read or write will tell which.
    public static let closed = Readiness(rawValue: 0x008 | 0x010 | 0x2000)
  }

  /// A handle by which a timer is cancelled.
  public struct Timer: Hashable, Sendable {
    let deadline: UInt64
    let sequence: UInt64
  }

  private struct Registration {
    let generation: UInt32
    let handler: (Readiness) -> Void
  }

  private let inbox = Mutex<[UnownedJob]>([])
  private let callbacks = Mutex<[@Sendable () -> Void]>([])
  private let owner = Atomic<UInt>(0)
  private let asleep = Atomic<Bool>(false)
  private let stopping = Atomic<Bool>(false)
  private let foreign = Atomic<Int>(0)
  private let turnCount = Atomic<Int>(0)
  private let wakeDescriptor: Int32
  private let pollDescriptor: Int32
  /// Set after something was put into `inbox` or `callbacks`, so that a turn without any takes no lock.
  private let isHandedIn = Atomic<Bool>(false)
  private var localCallbacks: [@Sendable () -> Void] = []
  private var callbackBatch: [@Sendable () -> Void] = []
  private var ready: [UnownedJob] = []
  private var batch: [UnownedJob] = []
  /// By descriptor: the kernel hands out the lowest free number, so the array stays dense.
  private var registrations: [Registration?] = []
  private var generation: UInt32 = 0
  private var timers = TimerQueue()
  private var turnNanoseconds: UInt64 = 0
  private var thread: pthread_t?
  public let name: String

  public init(name: String = "loop") {
    self.name = name
    wakeDescriptor = eventfd(0, Int32(EFD_NONBLOCK) | Int32(EFD_CLOEXEC))
    pollDescriptor = epoll_create1(Int32(EPOLL_CLOEXEC))
    precondition(wakeDescriptor >= 0 && pollDescriptor >= 0, "no file descriptor left for an event loop")
    // All 64 bits: setting `fd` alone would leave the upper half of the union to chance.
    let wake = epoll_data_t(u64: UInt64(UInt32(bitPattern: wakeDescriptor)))
    var event = epoll_event(events: EPOLLIN.rawValue, data: wake)
    epoll_ctl(pollDescriptor, EPOLL_CTL_ADD, wakeDescriptor, &event)
  }

  deinit {
    close(wakeDescriptor)
    close(pollDescriptor)
  }

  // MARK: The thread

  /// The loop whose thread is running, if any.
  public static var current: EventLoop? {
    guard let pointer = pthread_getspecific(currentLoopKey) else { return nil }
    return Unmanaged<EventLoop>.fromOpaque(pointer).takeUnretainedValue()
  }

  /// Starts the loop's thread. From any thread, once.
  public func start() {
    let box = Unmanaged.passRetained(self).toOpaque()
    var thread = pthread_t()
    let code = pthread_create(&thread, nil, runEventLoop, box)
    precondition(code == 0, "no thread could be made for an event loop")
    self.thread = thread
  }

  /// Asks the loop to end after the current turn, and waits until its thread has. From any other thread.
  public func stop() {
    stopping.store(true, ordering: .sequentiallyConsistent)
    eventfd_write(wakeDescriptor, 1)
    if let thread { pthread_join(thread, nil) }
    thread = nil
  }

  /// Whether the caller runs on the loop's thread. From any thread.
  public var isCurrent: Bool { owner.load(ordering: .relaxed) == UInt(pthread_self()) }

  public func assertOnLoop() { precondition(isCurrent, "called off the event loop \(name)") }

  /// Jobs and callbacks that other threads handed in since the start. From any thread.
  public var foreignEnqueues: Int { foreign.load(ordering: .relaxed) }

  /// Turns since the start: a loop without work makes none. From any thread.
  public var turns: Int { turnCount.load(ordering: .relaxed) }

  // MARK: Executor

  public func enqueue(_ job: consuming ExecutorJob) {
    let job = UnownedJob(job)
    if isCurrent {
      ready.append(job)
      return
    }
    foreign.add(1, ordering: .relaxed)
    inbox.withLock { $0.append(job) }
    wakeUp()
  }

  public func checkIsolated() { assertOnLoop() }

  public func asUnownedSerialExecutor() -> UnownedSerialExecutor { UnownedSerialExecutor(ordinary: self) }

  public func asUnownedTaskExecutor() -> UnownedTaskExecutor { UnownedTaskExecutor(ordinary: self) }

  /// Runs `work` on the loop: at once in a later turn. From any thread.
  public func execute(_ work: @escaping @Sendable () -> Void) {
    if isCurrent {
      localCallbacks.append(work)
      return
    }
    foreign.add(1, ordering: .relaxed)
    callbacks.withLock { $0.append(work) }
    wakeUp()
  }

  private func wakeUp() {
    isHandedIn.store(true, ordering: .sequentiallyConsistent)
    if asleep.exchange(false, ordering: .sequentiallyConsistent) { eventfd_write(wakeDescriptor, 1) }
  }

  // MARK: Descriptors

  /// Watches `descriptor`, level-triggered, and calls `handler` with what it is ready for. Gives `false` when the
  /// kernel refuses (a limit of watches or memory): the caller then closes the descriptor.
  @discardableResult
  public func register(
    _ descriptor: Int32, for interest: Readiness, _ handler: @escaping (Readiness) -> Void
  ) -> Bool {
    assertOnLoop()
    precondition(descriptor >= 0, "no descriptor to watch")
    generation = generation == .max ? 1 : generation + 1
    var event = event(descriptor, interest, generation)
    guard epoll_ctl(pollDescriptor, EPOLL_CTL_ADD, descriptor, &event) == 0 else { return false }
    let index = Int(descriptor)
    if index >= registrations.count {
      registrations += Array(repeating: nil, count: max(index + 1 - registrations.count, registrations.count))
    }
    registrations[index] = Registration(generation: generation, handler: handler)
    return true
  }

  private func registration(_ descriptor: Int32) -> Registration? {
    let index = Int(descriptor)
    return index >= 0 && index < registrations.count ? registrations[index] : nil
  }

  /// Changes what `descriptor` is watched for; its handler stays.
  public func update(_ descriptor: Int32, for interest: Readiness) {
    guard let registration = registration(descriptor) else { return }
    var event = event(descriptor, interest, registration.generation)
    epoll_ctl(pollDescriptor, EPOLL_CTL_MOD, descriptor, &event)
  }

  /// Stops watching `descriptor`. The caller closes it afterwards.
  public func deregister(_ descriptor: Int32) {
    guard registration(descriptor) != nil else { return }
    registrations[Int(descriptor)] = nil
    var event = epoll_event()
    epoll_ctl(pollDescriptor, EPOLL_CTL_DEL, descriptor, &event)
  }

  private func event(_ descriptor: Int32, _ interest: Readiness, _ generation: UInt32) -> epoll_event {
    // The generation keeps an event of a closed descriptor from reaching the next owner of its number. A peer's half
    // close is told only to who reads: being level-triggered, it would wake the loop without end otherwise.
    epoll_event(
      events: interest.rawValue | (interest.contains(.read) ? EPOLLRDHUP.rawValue : 0),
      data: epoll_data_t(u64: UInt64(generation) << 32 | UInt64(UInt32(bitPattern: descriptor))))
  }

  // MARK: Time

  /// Monotonic time in nanoseconds, read once a turn.
  public var now: UInt64 { turnNanoseconds }

  /// Runs `work` once, `nanoseconds` from now.
  @discardableResult
  public func schedule(afterNanoseconds nanoseconds: UInt64, _ work: @escaping () -> Void) -> Timer {
    assertOnLoop()
    let (deadline, overflow) = monotonicNanoseconds().addingReportingOverflow(nanoseconds)
    return timers.add(deadline: overflow ? .max : deadline, work)
  }

  public func cancel(_ timer: Timer) {
    assertOnLoop()
    timers.cancel(timer)
  }

  /// Suspends the calling task for at least `nanoseconds`; cancelling the task does not cut it short. From any thread.
  public func sleep(nanoseconds: UInt64) async {
    await withUnsafeContinuation { (continuation: UnsafeContinuation<Void, Never>) in
      if isCurrent {
        schedule(afterNanoseconds: nanoseconds) { continuation.resume() }
      } else {
        execute { [self] in schedule(afterNanoseconds: nanoseconds) { continuation.resume() } }
      }
    }
  }

  // MARK: Turns

  private func drain() -> Bool {
    if isHandedIn.load(ordering: .sequentiallyConsistent) {
      // Cleared before the queues are taken: who hands in after that sets it again.
      isHandedIn.store(false, ordering: .sequentiallyConsistent)
      callbacks.withLock {
        localCallbacks += $0
        $0.removeAll(keepingCapacity: true)
      }
      inbox.withLock {
        ready += $0
        $0.removeAll(keepingCapacity: true)
      }
    }
    if ready.isEmpty, localCallbacks.isEmpty { return false }
    if !localCallbacks.isEmpty {
      swap(&localCallbacks, &callbackBatch)
      for callback in callbackBatch { callback() }
      callbackBatch.removeAll(keepingCapacity: true)
    }
    swap(&ready, &batch)
    for job in batch {
      job.runSynchronously(isolatedTo: asUnownedSerialExecutor(), taskExecutor: asUnownedTaskExecutor())
    }
    batch.removeAll(keepingCapacity: true)
    return true
  }

  fileprivate func run() {
    owner.store(UInt(pthread_self()), ordering: .relaxed)
    pthread_setspecific(currentLoopKey, Unmanaged.passUnretained(self).toOpaque())
    var events = [epoll_event](repeating: epoll_event(), count: 256)
    var count: eventfd_t = 0
    while !stopping.load(ordering: .relaxed) {
      turnNanoseconds = monotonicNanoseconds()
      for entry in timers.takeDue(at: turnNanoseconds) where timers.claim(entry.timer) { entry.work() }
      var rounds = 0
      while rounds < 64, drain() { rounds += 1 }  // bounded: sockets must not starve
      asleep.store(true, ordering: .sequentiallyConsistent)  // announce sleep, then look once more
      let more = drain()
      let timeout: Int32 = more ? 0 : timers.pollTimeoutMilliseconds(at: monotonicNanoseconds())
      let ready = epoll_wait(pollDescriptor, &events, Int32(events.count), timeout)
      asleep.store(false, ordering: .relaxed)
      turnNanoseconds = monotonicNanoseconds()
      for index in 0..<Int(max(0, ready)) {
        let data = events[index].data.u64
        let descriptor = Int32(bitPattern: UInt32(truncatingIfNeeded: data))
        if data == UInt64(UInt32(bitPattern: wakeDescriptor)) {
          eventfd_read(wakeDescriptor, &count)
        } else if let registration = registration(descriptor), registration.generation == UInt32(data >> 32) {
          registration.handler(Readiness(rawValue: events[index].events))
        }
      }
    }
    owner.store(0, ordering: .relaxed)
  }
}

/// The monotonic clock, in nanoseconds.
public func monotonicNanoseconds() -> UInt64 {
  var time = timespec()
  clock_gettime(CLOCK_MONOTONIC, &time)
  return UInt64(time.tv_sec) &* 1_000_000_000 &+ UInt64(time.tv_nsec)
}

private let currentLoopKey: pthread_key_t = {
  var key = pthread_key_t()
  pthread_key_create(&key, nil)
  return key
}()

private func runEventLoop(_ box: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
  let loop = Unmanaged<EventLoop>.fromOpaque(box!).takeRetainedValue()
  loop.run()
  return nil
}
