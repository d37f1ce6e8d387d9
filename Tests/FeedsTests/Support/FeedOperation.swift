/// A request of a random history.
enum FeedOperation: CustomStringConvertible {
  case add(Int, to: String, targets: [String])
  case remove(Int, from: String)
  case follow(String, String, copy: Int)
  case unfollow(String, String, keepHistory: Bool)

  var description: String {
    switch self {
    case .add(let activity, let feed, let targets): "add a\(activity) to \(feed) \(targets)"
    case .remove(let activity, let feed): "remove a\(activity) from \(feed)"
    case .follow(let source, let target, let limit): "\(source) follows \(target), copies \(limit)"
    case .unfollow(let source, let target, let keep): "\(source) unfollows \(target)\(keep ? ", keeps" : "")"
    }
  }

  /// Whether the order of the two does not matter for what feeds show.
  func commutes(with other: FeedOperation) -> Bool {
    switch (self, other) {
    case (.add(let a, _, _), .add(let b, _, _)), (.add(let a, _, _), .remove(let b, _)),
      (.remove(let a, _), .add(let b, _, _)):
      return a != b
    case (.add, .follow(_, _, let limit)), (.follow(_, _, let limit), .add): return limit == 9
    case (.add, .unfollow(_, _, let keep)), (.unfollow(_, _, let keep), .add): return !keep
    case (.remove, _), (_, .remove): return false
    default: return relation != other.relation
    }
  }

  private var relation: [String] {
    switch self {
    case .add, .remove: []
    case .follow(let source, let target, _), .unfollow(let source, let target, _): [source, target]
    }
  }

  /// Histories of one source and one follower reach the races of a relation far more often.
  static func random(feeds: [String], activities: Int, directed: Bool, _ random: inout SeededGenerator) -> FeedOperation
  {
    let draw = Double.random(in: 0..<1, using: &random)
    let activity = random.below(activities)
    if directed {
      switch draw {
      case ..<0.30: return .add(activity, to: feeds[0], targets: [])
      case ..<0.38: return .remove(activity, from: feeds[0])
      case ..<0.46: return .remove(activity, from: feeds[1])
      case ..<0.74: return .follow(feeds[1], feeds[0], copy: random.pick([0, 1, 9]))
      default: return .unfollow(feeds[1], feeds[0], keepHistory: random.chance(0.35))
      }
    }
    let target = random.pick(feeds)
    let source = random.pick(feeds.filter { $0 != target })
    switch draw {
    case ..<0.40:
      return .add(activity, to: target, targets: feeds.filter { $0 != target && random.chance(0.2) })
    case ..<0.57: return .remove(activity, from: target)
    case ..<0.80: return .follow(source, target, copy: random.pick([0, 1, 2, 9]))
    default: return .unfollow(source, target, keepHistory: random.chance(0.4))
    }
  }
}
