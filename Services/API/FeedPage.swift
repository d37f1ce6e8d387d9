import Feeds
import Model

/// A page of a feed of any type, as answers need it.
enum FeedPage {
  case flat(FlatPage)
  /// Of an aggregated or notification feed (feeds G2).
  case groups(AggregatedPage)

  /// All activities on it, in order.
  var items: [FeedItem] {
    switch self {
    case .flat(let page): page.items
    case .groups(let page): page.groups.flatMap(\.items)
    }
  }

  var hasMore: Bool {
    switch self {
    case .flat(let page): page.hasMore
    case .groups(let page): page.hasMore
    }
  }

  /// Where a filtered read stopped looking before its page was full.
  var stop: FlatPage.Stop? {
    switch self {
    case .flat(let page): page.stop
    case .groups(let page): page.stop
    }
  }

  var isRanked: Bool {
    switch self {
    case .flat(let page): page.items.first?.score != nil
    case .groups(let page): page.groups.first?.score != nil
    }
  }

  /// The activity or group after which the next page begins; `nil` when nothing remains.
  var last: ActivityID? {
    guard hasMore else { return nil }
    if let stop { return stop.after }
    return switch self {
    case .flat(let page): page.items.last?.activity.id
    case .groups(let page): page.groups.last?.id
    }
  }

  func tag(next: String, format: PageFormat) -> String {
    switch self {
    case .flat(let page): PageTag.tag(of: page, next: next, format: format)
    case .groups(let page): PageTag.tag(of: page, next: next, format: format)
    }
  }

  /// The open body of the answer. `bodies`: the activities as they have been written already, in the order of `items`; without
  /// them they are shown as stored.
  func open(next: String, bodies: [[UInt8]]? = nil) -> [UInt8] {
    switch self {
    case .flat(let page): PageWriter.open(page, bodies: bodies, next: next)
    case .groups(let page): PageWriter.open(page, bodies: bodies, next: next)
    }
  }
}
