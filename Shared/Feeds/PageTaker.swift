import Model

/// Fills a page from items in order: skips the offset, takes the limit, and looks one ahead (feeds F13).
struct PageTaker {
  private let limit: Int
  private var skip: Int
  private(set) var page = FlatPage(items: [], hasMore: false)

  init(_ request: PageRequest) {
    limit = max(0, request.limit)
    skip = max(0, request.offset)
  }

  /// Items until the page is full and it is known whether there are more.
  var wanted: Int { skip + limit + 1 - page.items.count }

  var isDone: Bool { page.hasMore }

  mutating func take(_ items: [FeedItem]) {
    for item in items {
      if skip > 0 {
        skip -= 1
      } else if page.items.count < limit {
        page.items.append(item)
      } else {
        page.hasMore = true
        page.stop = nil
        return
      }
    }
  }

  /// The read ends here, though the feed may go on.
  mutating func stop(after id: ActivityID?) {
    guard let id, !page.hasMore else { return }
    page.hasMore = true
    page.stop = FlatPage.Stop(after: id, offsetLeft: skip)
  }
}
