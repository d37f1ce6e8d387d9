import CLinux
import Glibc
import Synchronization
import Testing

@testable import EventLoop

/// Runs `body` on a fresh loop's thread and waits for `finish`.
private func onLoop(_ body: @escaping @Sendable (EventLoop, @escaping @Sendable () -> Void) -> Void) async {
  let loop = EventLoop(name: "test")
  loop.start()
  await withCheckedContinuation { continuation in
    loop.execute { body(loop) { continuation.resume() } }
  }
  loop.stop()
}

/// Notes in the order made, for closures that run on several threads.
private final class Notes: Sendable {
  private let lines = Mutex<[String]>([])
  func add(_ line: String) { lines.withLock { $0.append(line) } }
  var all: [String] { lines.withLock { $0 } }
}

@Suite struct EventLoopTests {
  @Test func timersRunInOrderAndCancelledOnesDoNot() async {
    let notes = Notes()
    await onLoop { loop, finish in
      loop.schedule(afterNanoseconds: 30_000_000) {
        notes.add("30")
        finish()
      }
      loop.schedule(afterNanoseconds: 10_000_000) { notes.add("10") }
      let cancelled = loop.schedule(afterNanoseconds: 15_000_000) { notes.add("cancelled") }
      loop.schedule(afterNanoseconds: 20_000_000) { notes.add("20") }
      loop.cancel(cancelled)
    }
    #expect(notes.all == ["10", "20", "30"])
  }

  @Test func aTimersWorkMayAddAndCancelTimers() async {
    // Both are due in the same turn: the first cancels the second and adds a third.
    let notes = Notes()
    await onLoop { loop, finish in
      var second: EventLoop.Timer?
      loop.schedule(afterNanoseconds: 1_000_000) {
        notes.add("first")
        if let second { loop.cancel(second) }
        loop.schedule(afterNanoseconds: 0) {
          notes.add("third")
          finish()
        }
      }
      second = loop.schedule(afterNanoseconds: 1_000_001) { notes.add("second") }
      usleep(5_000)
    }
    #expect(notes.all == ["first", "third"])
  }

  @Test func cancelledTimersDoNotPileUp() {
    var queue = TimerQueue()
    for round in 0..<100_000 { queue.cancel(queue.add(deadline: 1_000_000 + UInt64(round)) {}) }
    #expect(queue.entryCount < 200)
  }

  @Test func aTimerBeyondTheEndOfTimeWaits() async {
    await onLoop { loop, finish in
      loop.schedule(afterNanoseconds: .max) { Issue.record("ran") }
      loop.schedule(afterNanoseconds: 1_000_000) { finish() }
    }
  }

  @Test func workFromOtherThreadsRunsInItsOrderAndIsCounted() async {
    let loop = EventLoop(name: "test")
    loop.start()
    let notes = Notes()
    await withCheckedContinuation { continuation in
      for index in 0..<1_000 { loop.execute { notes.add("\(index)") } }
      loop.execute { continuation.resume() }
    }
    #expect(notes.all == (0..<1_000).map { "\($0)" })
    #expect(loop.foreignEnqueues == 1_001)
    loop.stop()
  }

  @Test func aLoopWithoutWorkSleeps() async throws {
    let group = EventLoopGroup(count: 1)
    // Wake it from here, so that it has had its wake-up descriptor ready once.
    for _ in 0..<3 {
      await withCheckedContinuation { done in group.loops[0].execute { done.resume() } }
      try await Task.sleep(nanoseconds: 20_000_000)
    }
    let before = group.loops[0].turns
    try await Task.sleep(nanoseconds: 200_000_000)
    #expect(group.loops[0].turns - before <= 2)
    group.stop()
  }

  @Test func aTaskThatPrefersTheLoopStaysThere() async {
    let loop = EventLoop(name: "test")
    loop.start()
    let stayed = await Task(executorPreference: loop) {
      var stayed = loop.isCurrent
      for _ in 0..<10 {
        await Task.yield()
        await loop.sleep(nanoseconds: 10_000)
        stayed = stayed && loop.isCurrent && EventLoop.current === loop
      }
      async let child = { loop.isCurrent }()
      let childStayed = await child
      return stayed && childStayed
    }.value
    #expect(stayed)
    // Handing the task in is the one job from outside.
    #expect(loop.foreignEnqueues == 1)
    loop.stop()
  }

  @Test func aClosedDescriptorsEventDoesNotReachItsSuccessor() async {
    // Both pairs are readable in one turn; the first handler replaces the second's descriptor number.
    let notes = Notes()
    await onLoop { loop, finish in
      func pair() -> (Int32, Int32) {
        var ends: [Int32] = [0, 0]
        socketpair(AF_UNIX, socketStream, 0, &ends)
        return (ends[0], ends[1])
      }
      let (a, aPeer) = pair()
      let (b, bPeer) = pair()
      nonisolated(unsafe) var replaced = false
      func replace(_ closed: Int32, _ mine: Int32) {
        loop.deregister(mine)
        if replaced { return notes.add("stale") }
        replaced = true
        loop.deregister(closed)
        close(closed)
        let (fresh, freshPeer) = pair()
        loop.register(fresh, for: .read) { _ in notes.add("stale") }
        loop.schedule(afterNanoseconds: 5_000_000) {
          loop.deregister(fresh)
          for descriptor in [fresh, freshPeer, mine, aPeer, bPeer] { close(descriptor) }
          finish()
        }
        if fresh != closed { notes.add("number was not reused") }
      }
      loop.register(a, for: .read) { _ in replace(b, a) }
      loop.register(b, for: .read) { _ in replace(a, b) }
      write(aPeer, "x", 1)
      write(bPeer, "x", 1)
    }
    #expect(notes.all == [])
  }

  @Test func aHalfClosedPeerDoesNotWakeWhoDoesNotRead() async {
    let calls = SharedCount()
    await onLoop { loop, finish in
      var ends: [Int32] = [0, 0]
      socketpair(AF_UNIX, socketStream, 0, &ends)
      let (mine, peer) = (ends[0], ends[1])
      loop.register(mine, for: []) { _ in calls.add(1) }
      shutdown(peer, Int32(SHUT_WR))
      loop.schedule(afterNanoseconds: 20_000_000) {
        loop.deregister(mine)
        close(mine)
        close(peer)
        finish()
      }
    }
    #expect(calls.value == 0)
  }

  @Test func aDescriptorTheKernelRefusesIsReported() async {
    await onLoop { loop, finish in
      let file = open("/dev/null", O_RDONLY)  // epoll refuses regular files and the like; /dev/null among them
      #expect(!loop.register(file, for: .read) { _ in })
      close(file)
      finish()
    }
  }
}

@Suite struct BlockingPoolTests {
  @Test func jobsRunSideBySideUpToTheLimit() async throws {
    let pool = BlockingPool(threadsMax: 4, queueMax: 64)
    let running = SharedCount()
    let most = SharedCount()
    try await withThrowingTaskGroup(of: Void.self) { group in
      for _ in 0..<12 {
        group.addTask {
          try await pool.run {
            let now = running.add(1)
            most.raise(to: now)
            usleep(20_000)
            running.add(-1)
          }
        }
      }
      try await group.waitForAll()
    }
    #expect(most.value == 4)
  }

  @Test func twoJobsThatNeedEachOtherBothGetAThread() async throws {
    // An idle thread must not be promised twice: the second job would wait for the first for ever.
    let pool = BlockingPool(threadsMax: 2)
    try await pool.run {}
    for _ in 0..<50 {
      let meeting = SharedCount()
      @Sendable func meet() -> Bool {
        meeting.add(1)
        for _ in 0..<20_000 {
          if meeting.value == 2 { return true }
          usleep(100)
        }
        return false
      }
      async let first = pool.run { meet() }
      async let second = pool.run { meet() }
      let met = try await (first, second)
      #expect(met == (true, true))
    }
  }

  @Test func aFullQueueRefuses() async throws {
    let pool = BlockingPool(threadsMax: 1, queueMax: 2)
    let gate = SharedCount()
    let refused = SharedCount()
    await withTaskGroup(of: Void.self) { group in
      for _ in 0..<8 {
        group.addTask {
          do {
            try await pool.run { while gate.value == 0 { usleep(1_000) } }
          } catch {
            refused.add(1)
          }
        }
      }
      for _ in 0..<2_000 where refused.value < 5 { try? await Task.sleep(nanoseconds: 1_000_000) }
      gate.add(1)
    }
    // One runs and two wait; a moment in which none runs yet lets one more be refused.
    #expect((5...6).contains(refused.value))
  }
}
