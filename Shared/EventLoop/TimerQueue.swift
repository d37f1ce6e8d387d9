/// Timers of one loop: a binary heap by deadline, then by order of making.
struct TimerQueue {
  struct Entry {
    let timer: EventLoop.Timer
    let work: () -> Void
  }

  private var heap: [Entry] = []
  /// The timers neither run nor cancelled; an entry of the heap that is not here is dead.
  private var live: Set<EventLoop.Timer> = []
  private var sequence: UInt64 = 0

  /// Entries held, dead ones included.
  var entryCount: Int { heap.count }

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
    // Timers that are mostly cancelled (timeouts) must not pile up until their deadlines.
    if heap.count > 64, heap.count > 2 * live.count { compact() }
  }

  /// Takes out what is due, in order. Each is to be run only if `claim` still allows it, by the caller and not in here,
  /// because the work itself may add and cancel timers.
  mutating func takeDue(at now: UInt64) -> [Entry] {
    var due: [Entry] = []
    while let first = heap.first, first.timer.deadline <= now {
      let entry = removeFirst()
      if live.contains(entry.timer) { due.append(entry) }
    }
    return due
  }

  /// Whether a timer taken out was not cancelled meanwhile.
  mutating func claim(_ timer: EventLoop.Timer) -> Bool { live.remove(timer) != nil }

  /// What to give `epoll_wait`: -1 without any timer.
  mutating func pollTimeoutMilliseconds(at now: UInt64) -> Int32 {
    while let first = heap.first, !live.contains(first.timer) { _ = removeFirst() }
    guard let first = heap.first else { return -1 }
    if first.timer.deadline <= now { return 0 }
    return Int32(min((first.timer.deadline - now - 1) / 1_000_000 + 1, 60_000))
  }

  private mutating func compact() {
    // A sorted array is a heap.
    heap = heap.filter { live.contains($0.timer) }.sorted { Self.precedes($0.timer, $1.timer) }
  }

  private static func precedes(_ a: EventLoop.Timer, _ b: EventLoop.Timer) -> Bool {
    a.deadline != b.deadline ? a.deadline < b.deadline : a.sequence < b.sequence
  }

  private func precedes(_ a: Int, _ b: Int) -> Bool { Self.precedes(heap[a].timer, heap[b].timer) }

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
