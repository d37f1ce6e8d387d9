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

  /// What a history is about: the narrower, the oftener its races are reached.
  enum Style: String, CaseIterable {
    /// Anything in any of up to four feeds.
    case mixed
    /// One source and one follower.
    case relation
    /// One source and several followers, some of which a fan-out reaches late.
    case fan
  }

  static func random(feeds: [String], activities: Int, style: Style, _ random: inout SeededGenerator) -> FeedOperation {
    let draw = Double.random(in: 0..<1, using: &random)
    let activity = random.below(activities)
    let follower = random.pick(Array(feeds.dropFirst()))
    switch (style, draw) {
    case (.relation, ..<0.30): return .add(activity, to: feeds[0], targets: [])
    case (.relation, ..<0.38): return .remove(activity, from: feeds[0])
    case (.relation, ..<0.46): return .remove(activity, from: follower)
    case (.relation, ..<0.74): return .follow(follower, feeds[0], copy: random.pick([0, 1, 9, 9]))
    case (.relation, _): return .unfollow(follower, feeds[0], keepHistory: random.chance(0.35))
    case (.fan, ..<0.35): return .add(activity, to: feeds[0], targets: [])
    case (.fan, ..<0.40): return .remove(activity, from: feeds[0])
    case (.fan, ..<0.50): return .remove(activity, from: follower)
    case (.fan, ..<0.75): return .follow(follower, feeds[0], copy: random.pick([0, 9, 9]))
    case (.fan, _): return .unfollow(follower, feeds[0], keepHistory: random.chance(0.5))
    default: break
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
