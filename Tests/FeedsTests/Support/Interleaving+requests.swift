import JSON
import KeevoClient
import Model

@testable import Feeds

/// What requests of a history ask of the engine.
extension Interleaving {
  static func feed(_ name: String) -> FeedID {
    guard let feed = FeedID(name) else { preconditionFailure("no feed name: \(name)") }
    return feed
  }

  /// The content of request `number`.
  static func input(_ activity: Int, _ targets: [String], _ number: Int) -> ActivityInput {
    ActivityInput(
      actor: actor(number), verb: "post", object: "a\(activity)", foreignID: "a\(activity)",
      time: ActivityTime(microseconds: Int64(1_000_000 + activity)), to: targets.map(feed),
      customMembers: Array(",\"by\":\(number)".utf8), idLowBits: UInt64(activity))
  }

  /// Requests of even numbers have one actor, those of odd ones another.
  static func actor(_ number: Int) -> String { number % 2 == 0 ? "p" : "q" }

  static func id(_ activity: Int) -> ActivityID {
    input(activity, [], 0).id(at: ActivityTime(microseconds: Int64(1_000_000 + activity)))
  }

  static func answer(
    _ operation: FeedOperation, _ number: Int, _ engine: FeedEngine, _ app: AppID
  ) async -> Bool {
    do {
      try await perform(operation, number, engine, ChangeContext(app: app, author: .user("bob")))
      return true
    } catch .missing {
      // Whether it was there is for the reference to say.
      return true
    } catch {
      return false
    }
  }

  static func perform(
    _ operation: FeedOperation, _ number: Int, _ engine: FeedEngine, _ context: ChangeContext
  ) async throws(FeedError) {
    let app = context.app
    switch operation {
    case .add(let activity, let feed, let targets):
      _ = try await engine.add([input(activity, targets, number)], to: Self.feed(feed), context)
    case .addToMany(let activity, let feeds):
      try await engine.addToMany(input(activity, [], number), feeds: feeds.map(feed), context)
    case .update(let activity): try await engine.update([input(activity, [], number)], context)
    case .change(let activity):
      let setting = ActivityChange.Setting(path: ["by"], value: .integer(number))
      _ = try await engine.update(
        [ActivityChange(id: id(activity), set: [setting])], limits: ActivityLimits(), context)
    case .replaceTargets(let activity, let feed, let targets):
      _ = try await engine.updateTargets(
        [TargetsChange(id: id(activity), change: .replace(targets.map(Self.feed)))], in: Self.feed(feed), context)
    case .editTargets(let activity, let feed, let added, let removed):
      let change = TargetsChange.Change.edit(added: added.map(Self.feed), removed: removed.map(Self.feed))
      _ = try await engine.updateTargets(
        [TargetsChange(id: id(activity), change: change)], in: Self.feed(feed), context)
    case .remove(let activity, let feed): try await engine.remove(id(activity), from: Self.feed(feed), context)
    case .follow(let source, let target, let limit):
      try await engine.follow(
        [FollowRequest(source: feed(source), target: feed(target), activityCopyLimit: limit)], app: app, traceID: [])
    case .unfollow(let source, let target, let keep):
      try await engine.unfollow(
        [UnfollowRequest(source: feed(source), target: feed(target), keepHistory: keep)], app: app, traceID: [])
    case .toggle(let source, let target): try await engine.toggle(feed(source), feed(target), app)
    case .read(let name): _ = try await engine.readFlat(feed(name), app: app, page: PageRequest(limit: 2))
    }
  }
}
