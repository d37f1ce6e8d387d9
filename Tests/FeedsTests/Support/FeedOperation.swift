/// A request of a random history.
enum FeedOperation: CustomStringConvertible {
  case add(Int, to: String, targets: [String])
  case remove(Int, from: String)
  case follow(String, String, copy: Int)
  case unfollow(String, String, keepHistory: Bool)
  case addToMany(Int, [String])
  /// Full update: creates what is missing, in no feed.
  case update(Int)
  /// Partial update.
  case change(Int)
  case replaceTargets(Int, in: String, [String])
  case editTargets(Int, in: String, added: [String], removed: [String])
  /// Switches a follow between push and pull: nobody may see it.
  case toggle(String, String)
  /// Reads a feed, which counts as its last read.
  case read(String)

  var description: String {
    switch self {
    case .add(let activity, let feed, let targets): "add a\(activity) to \(feed) \(targets)"
    case .remove(let activity, let feed): "remove a\(activity) from \(feed)"
    case .follow(let source, let target, let limit): "\(source) follows \(target), copies \(limit)"
    case .unfollow(let source, let target, let keep): "\(source) unfollows \(target)\(keep ? ", keeps" : "")"
    case .addToMany(let activity, let feeds): "add a\(activity) to many \(feeds)"
    case .update(let activity): "update a\(activity)"
    case .change(let activity): "change a\(activity)"
    case .replaceTargets(let activity, let feed, let targets): "a\(activity) in \(feed) goes to \(targets)"
    case .editTargets(let activity, let feed, let added, let removed):
      "a\(activity) in \(feed) goes to \(added), no more to \(removed)"
    case .toggle(let source, let target): "\(source) pulls from \(target), or no more"
    case .read(let feed): "\(feed) is read"
    }
  }

  /// The activity it is about.
  var activity: Int? {
    switch self {
    case .add(let activity, _, _), .remove(let activity, _), .addToMany(let activity, _), .update(let activity),
      .change(let activity), .replaceTargets(let activity, _, _), .editTargets(let activity, _, _, _):
      activity
    case .follow, .unfollow, .toggle, .read: nil
    }
  }

  /// What it can do to placements, in the words of adds and removals.
  var effects: [FeedOperation] {
    switch self {
    case .addToMany(let activity, let feeds): [.add(activity, to: feeds[0], targets: [])]
    case .replaceTargets(let activity, let feed, _), .editTargets(let activity, let feed, _, _):
      [.add(activity, to: feed, targets: []), .remove(activity, from: feed)]
    case .update, .change, .toggle, .read: []
    default: [self]
    }
  }

  /// Whether it replaces content.
  var writesContent: Bool {
    switch self {
    case .add, .addToMany, .update, .change: true
    default: false
    }
  }

  /// Whether the order of the two does not matter for what feeds show.
  func commutes(with other: FeedOperation) -> Bool {
    if let a = activity, let b = other.activity, a == b { return false }
    switch (self, other) {
    case (.update, _), (_, .update), (.change, _), (_, .change): return true
    case (.toggle, _), (_, .toggle), (.read, _), (_, .read): return true
    case (.addToMany, .follow), (.follow, .addToMany): return false
    case (.add(let a, _, _), .add(let b, _, _)), (.add(let a, _, _), .remove(let b, _)),
      (.remove(let a, _), .add(let b, _, _)):
      return a != b
    case (.add, .follow(_, _, let limit)), (.follow(_, _, let limit), .add): return limit == 9
    case (.add, .unfollow(_, _, let keep)), (.unfollow(_, _, let keep), .add): return !keep
    case (.addToMany, .unfollow(_, _, let keep)), (.unfollow(_, _, let keep), .addToMany): return !keep
    case (.add, .addToMany), (.addToMany, .add), (.addToMany, .addToMany), (.addToMany, .remove), (.remove, .addToMany):
      return true
    case (.remove, _), (_, .remove), (.replaceTargets, _), (_, .replaceTargets), (.editTargets, _), (_, .editTargets):
      return false
    default: return relation != other.relation
    }
  }

  private var relation: [String] {
    switch self {
    case .follow(let source, let target, _), .unfollow(let source, let target, _): [source, target]
    default: []
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
    /// Placements and content of few activities, changed in every way there is.
    case changes
    /// Anything in one or two flat feeds and one or two notification feeds; each request's content has another actor.
    case grouped
    /// One source and two followers, whose follows are switched between push and pull again and again.
    case pulled
    /// One source, whose followers are parted again and again.
    case buckets
    /// Anything in any of up to four feeds, with follows that are switched.
    case switched

    /// Whether follows are switched, by requests and by their number.
    var switches: Bool { self == .pulled || self == .switched }
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
    case (.buckets, ..<0.30): return .add(activity, to: feeds[0], targets: [])
    case (.buckets, ..<0.35): return .remove(activity, from: feeds[0])
    case (.buckets, ..<0.40): return .remove(activity, from: follower)
    case (.buckets, ..<0.76): return .follow(follower, feeds[0], copy: random.pick([0, 9, 9]))
    case (.buckets, ..<0.92): return .unfollow(follower, feeds[0], keepHistory: random.chance(0.4))
    case (.buckets, _): return .toggle(follower, feeds[0])
    case (.pulled, _): return pulled(feeds, activity, follower, draw, &random)
    default: break
    }
    if style == .grouped { return grouped(feeds, activity, draw, &random) }
    let target = random.pick(feeds)
    let source = random.pick(feeds.filter { $0 != target })
    if style == .changes { return change(activity, source, target, feeds, draw, &random) }
    if style == .switched { return switched(activity, source, target, feeds, draw, &random) }
    switch draw {
    case ..<0.40:
      return .add(activity, to: target, targets: feeds.filter { $0 != target && random.chance(0.2) })
    case ..<0.57: return .remove(activity, from: target)
    case ..<0.80: return .follow(source, target, copy: random.pick([0, 1, 2, 9]))
    default: return .unfollow(source, target, keepHistory: random.chance(0.4))
    }
  }

  private static func pulled(
    _ feeds: [String], _ activity: Int, _ follower: String, _ draw: Double, _ random: inout SeededGenerator
  ) -> FeedOperation {
    switch draw {
    case ..<0.28: return .add(activity, to: feeds[0], targets: [])
    case ..<0.33: return .remove(activity, from: feeds[0])
    case ..<0.39: return .remove(activity, from: follower)
    case ..<0.42: return .addToMany(activity, [feeds[0]])
    case ..<0.58: return .follow(follower, feeds[0], copy: random.pick([0, 1, 9]))
    case ..<0.72: return .unfollow(follower, feeds[0], keepHistory: random.chance(0.35))
    case ..<0.94: return .toggle(follower, feeds[0])
    default: return .read(follower)
    }
  }

  private static func switched(
    _ activity: Int, _ source: String, _ target: String, _ feeds: [String], _ draw: Double,
    _ random: inout SeededGenerator
  ) -> FeedOperation {
    func some(_ share: Double) -> [String] { feeds.filter { $0 != target && random.chance(share) } }
    switch draw {
    case ..<0.27: return .add(activity, to: target, targets: some(0.2))
    case ..<0.32: return .addToMany(activity, [target] + some(0.3))
    case ..<0.46: return .remove(activity, from: target)
    case ..<0.64: return .follow(source, target, copy: random.pick([0, 1, 2, 9]))
    case ..<0.75: return .unfollow(source, target, keepHistory: random.chance(0.4))
    case ..<0.90: return .toggle(source, target)
    case ..<0.94: return .read(source)
    default:
      let added = some(0.3)
      return .editTargets(activity, in: target, added: added, removed: some(0.3).filter { !added.contains($0) })
    }
  }

  private static func change(
    _ activity: Int, _ source: String, _ target: String, _ feeds: [String], _ draw: Double,
    _ random: inout SeededGenerator
  ) -> FeedOperation {
    func some(_ share: Double) -> [String] { feeds.filter { $0 != target && random.chance(share) } }
    switch draw {
    case ..<0.25: return .add(activity, to: target, targets: some(0.4))
    case ..<0.35:
      let many = feeds.filter { _ in random.chance(0.5) }
      return .addToMany(activity, many.isEmpty ? [target] : many)
    case ..<0.42: return .update(activity)
    case ..<0.50: return .change(activity)
    case ..<0.60: return .replaceTargets(activity, in: target, some(0.4))
    case ..<0.70:
      let added = some(0.3)
      return .editTargets(
        activity, in: target, added: added, removed: some(0.3).filter { !added.contains($0) })
    case ..<0.80: return .remove(activity, from: target)
    case ..<0.92: return .follow(source, target, copy: random.pick([0, 1, 9, 9]))
    default: return .unfollow(source, target, keepHistory: random.chance(0.4))
    }
  }

  private static func grouped(
    _ feeds: [String], _ activity: Int, _ draw: Double, _ random: inout SeededGenerator
  ) -> FeedOperation {
    let target = random.pick(feeds)
    switch draw {
    case ..<0.40: return .add(activity, to: target, targets: feeds.filter { $0 != target && random.chance(0.25) })
    case ..<0.46: return .update(activity)
    case ..<0.63: return .remove(activity, from: target)
    default: break
    }
    // Only flat feeds are followed.
    let followed = random.pick(feeds.filter { $0.hasPrefix("flat:") })
    let source = random.pick(feeds.filter { $0 != followed })
    if random.chance(0.15) { return .toggle(source, followed) }
    return draw < 0.84
      ? .follow(source, followed, copy: random.pick([0, 1, 2, 9]))
      : .unfollow(source, followed, keepHistory: random.chance(0.3))
  }
}
