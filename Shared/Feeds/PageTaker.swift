import Model

/// Fills a page from items in order: skips the offset, takes the limit, and looks one ahead (feeds F13).
struct PageTaker<Item> {
  private let limit: Int
  private(set) var skip: Int
  private(set) var items: [Item] = []
  private(set) var hasMore = false
  private(set) var stop: FlatPage.Stop?

  init(_ request: PageRequest) {
    limit = max(0, request.limit)
    skip = max(0, request.offset)
  }

  /// Items until the page is full and it is known whether there are more.
  var wanted: Int { skip + limit + 1 - items.count }

  var isDone: Bool { hasMore }

  mutating func take(_ more: [Item]) {
    for item in more {
      if skip > 0 {
        skip -= 1
      } else if items.count < limit {
        items.append(item)
      } else {
        hasMore = true
        stop = nil
        return
      }
    }
  }

  /// Skips up to `count` items that nobody looks at; gives how many the offset still covered.
  mutating func pass(_ count: Int) -> Int {
    let passed = min(skip, count)
    skip -= passed
    return passed
  }

  /// The read ends here, though the feed may go on.
  mutating func stop(after id: ActivityID?) {
    guard let id, !hasMore else { return }
    hasMore = true
    stop = FlatPage.Stop(after: id, offsetLeft: skip)
  }
}

extension PageTaker<FeedItem> {
  var page: FlatPage { FlatPage(items: items, hasMore: hasMore, stop: stop) }
}
