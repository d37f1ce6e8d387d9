/// Events by time; those of the same time in the order in which they were added.
struct EventQueue<Event> {
  private struct Item {
    var time: Int
    var order: Int
    var slot: Int
    func isBefore(_ other: Item) -> Bool { time < other.time || (time == other.time && order < other.order) }
  }

  private var heap: [Item] = []
  private var added = 0
  private var slots: [Event?] = []
  private var free: [Int] = []

  mutating func add(_ event: Event, at time: Int) {
    added += 1
    let slot = free.popLast() ?? slots.count
    if slot == slots.count { slots.append(event) } else { slots[slot] = event }
    heap.append(Item(time: time, order: added, slot: slot))
    var child = heap.count - 1
    while child > 0, heap[child].isBefore(heap[(child - 1) / 2]) {
      heap.swapAt(child, (child - 1) / 2)
      child = (child - 1) / 2
    }
  }

  mutating func next() -> (time: Int, event: Event)? {
    guard let first = heap.first, let event = slots[first.slot] else { return nil }
    slots[first.slot] = nil
    free.append(first.slot)
    heap.swapAt(0, heap.count - 1)
    heap.removeLast()
    var parent = 0
    while true {
      var least = parent
      if 2 * parent + 1 < heap.count, heap[2 * parent + 1].isBefore(heap[least]) { least = 2 * parent + 1 }
      if 2 * parent + 2 < heap.count, heap[2 * parent + 2].isBefore(heap[least]) { least = 2 * parent + 2 }
      if least == parent { break }
      heap.swapAt(parent, least)
      parent = least
    }
    return (first.time, event)
  }
}
