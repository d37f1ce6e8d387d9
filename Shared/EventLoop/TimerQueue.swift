/// Timers of one loop: a binary heap by deadline, then by order of making.
struct TimerQueue {
  private struct Entry {
    let timer: EventLoop.Timer
    let work: () -> Void
  }

  private var heap: [Entry] = []
  private var cancelled: Set<EventLoop.Timer> = []
  private var live: Set<EventLoop.Timer> = []
  private var sequence: UInt64 = 0

  mutating func add(deadline: UInt64, _ work: @escaping () -> Void) -> EventLoop.Timer {
    sequence += 1
    let timer = EventLoop.Timer(deadline: deadline, sequence: sequence)
    live.insert(timer)
    heap.append(Entry(timer: timer, work: work))
    siftUp(heap.count - 1)
    return timer
  }

  mutating func cancel(_ timer: EventLoop.Timer) {
    guard live.remove(timer) != nil else { return }
    cancelled.insert(timer)
  }

  /// Runs what is due. A timer that `work` adds waits for the next call.
  mutating func runDue(at now: UInt64) {
    var due: [() -> Void] = []
    while let first = heap.first, first.timer.deadline <= now {
      let entry = removeFirst()
      if cancelled.remove(entry.timer) == nil {
        live.remove(entry.timer)
        due.append(entry.work)
      }
    }
    for work in due { work() }
  }

  /// What to give `epoll_wait`: -1 without any timer.
  mutating func pollTimeoutMilliseconds(at now: UInt64) -> Int32 {
    while let first = heap.first, cancelled.contains(first.timer) {
      cancelled.remove(removeFirst().timer)
    }
    guard let first = heap.first else { return -1 }
    if first.timer.deadline <= now { return 0 }
    return Int32(min((first.timer.deadline - now + 999_999) / 1_000_000, 60_000))
  }

  private func precedes(_ a: Int, _ b: Int) -> Bool {
    let (a, b) = (heap[a].timer, heap[b].timer)
    return a.deadline != b.deadline ? a.deadline < b.deadline : a.sequence < b.sequence
  }

  private mutating func siftUp(_ start: Int) {
    var index = start
    while index > 0, precedes(index, (index - 1) / 2) {
      heap.swapAt(index, (index - 1) / 2)
      index = (index - 1) / 2
    }
  }

  private mutating func removeFirst() -> Entry {
    heap.swapAt(0, heap.count - 1)
    let entry = heap.removeLast()
    var index = 0
    while true {
      var least = index
      for child in [2 * index + 1, 2 * index + 2] where child < heap.count && precedes(child, least) { least = child }
      if least == index { break }
      heap.swapAt(index, least)
      index = least
    }
    return entry
  }
}
