import Feeds
import JSON
import KeevoClient
import Model
import Synchronization

/// A double of the feed domain: keeps each feed's own adds in a list, and every call in a log. It fans nothing out.
final class RecordingFeeds: FeedService {
  struct State {
    var calls: [String] = []
    var feeds: [String: [StoredActivity]] = [:]
    var relations: [FollowRelation] = []
    var failure: FeedError?
    var clock: Int64 = 1_795_000_000_000_000
    var version: UInt64 = 0
    var lastPage: PageRequest?
    var answer: FlatPage?
  }

  private let state = Mutex(State())

  var calls: [String] { state.withLock { $0.calls } }
  func fail(with error: FeedError?) { state.withLock { $0.failure = error } }
  /// What the last read was asked for.
  var lastPage: PageRequest? { state.withLock { $0.lastPage } }
  /// What every read gives from now on.
  func answer(_ page: FlatPage) { state.withLock { $0.answer = page } }
  func clear() { state.withLock { $0.calls = [] } }

  private func record<R>(_ call: String, _ body: (inout State) -> R) throws(FeedError) -> R {
    let result: Result<R, FeedError> = state.withLock { state in
      state.calls.append(call)
      if let failure = state.failure { return .failure(failure) }
      return .success(body(&state))
    }
    return try result.get()
  }

  private static func name(_ feed: FeedID, _ app: AppID) -> String { "\(app)/\(feed)" }

  func add(
    _ activities: [ActivityInput], to feed: FeedID, _ context: ChangeContext
  ) async throws(FeedError) -> [StoredActivity] {
    let app = context.app
    return try record("add \(activities.count) to \(Self.name(feed, app))") { state in
      activities.map { input in
        state.clock += 1
        state.version += 1
        let time = input.time ?? ActivityTime(microseconds: state.clock)
        let stored = Self.stored(input, at: time, version: state.version)
        state.feeds[Self.name(feed, app), default: []].removeAll { $0.id == stored.id }
        state.feeds[Self.name(feed, app), default: []].append(stored)
        state.feeds[Self.name(feed, app)]?.sort { $0.id > $1.id }
        return stored
      }
    }
  }

  static func stored(_ input: ActivityInput, at time: ActivityTime, version: UInt64) -> StoredActivity {
    let id = input.id(at: time)
    var writer = JSONWriter()
    writer.splice(#"{"id":"#)
    writer.string(id.description)
    for (name, value) in [
      ("actor", input.actor), ("verb", input.verb), ("object", input.object), ("target", input.target),
      ("foreign_id", input.foreignID), ("time", time.description),
    ] {
      writer.splice(Array(#","\#(name)":"#.utf8))
      writer.string(value)
    }
    writer.splice(#","origin":"#)
    let originOffset = writer.bytes.count
    if !input.to.isEmpty {
      writer.splice(#","to":["#)
      writer.splice(Array(input.to.map { "\"\($0)\"" }.joined(separator: ",").utf8))
      writer.splice("]")
    }
    writer.splice(input.customMembers)
    writer.splice("}")
    return StoredActivity(id: id, version: Stamp(version), body: writer.bytes, originOffset: originOffset)
  }

  func addToMany(_ activity: ActivityInput, feeds: [FeedID], _ context: ChangeContext) async throws(FeedError) {
    try record("add to \(feeds.count) of \(context.app)") { _ in }
  }

  func update(_ activities: [ActivityInput], _ context: ChangeContext) async throws(FeedError) {
    try record("update \(activities.count) of \(context.app)") { _ in }
  }

  func update(
    _ changes: [ActivityChange], limits: ActivityLimits, _ context: ChangeContext
  ) async throws(FeedError) -> [StoredActivity] {
    try record("change \(changes.count) of \(context.app)") { _ in [] }
  }

  func updateTargets(
    _ requests: [TargetsChange], in feed: FeedID, _ context: ChangeContext
  ) async throws(FeedError) -> [TargetsOutcome] {
    try record("target \(requests.count) in \(Self.name(feed, context.app))") { _ in [] }
  }

  func erase(_ erasures: [(id: ActivityID, feeds: [FeedID])], _ context: ChangeContext) async throws(FeedError) {
    try record("erase \(erasures.count) of \(context.app)") { _ in }
  }

  func activities(of user: String, app: AppID, max: Int) async throws(FeedError) -> [ActivityID] {
    try record("activities of \(user) in \(app)") { _ in [] }
  }

  func auditLogs(_ query: AuditLog.Query, app: AppID) async throws(FeedError) -> AuditLog.Page {
    try record("audit logs of \(app)") { _ in AuditLog.Page(entries: []) }
  }

  func remove(_ id: ActivityID, from feed: FeedID, _ context: ChangeContext) async throws(FeedError) {
    let app = context.app
    try record("remove \(id) from \(Self.name(feed, app))") { state in
      state.feeds[Self.name(feed, app)]?.removeAll { $0.id == id }
    }
  }

  func remove(foreignID: String, from feed: FeedID, _ context: ChangeContext) async throws(FeedError) {
    try record("remove foreign \(foreignID) from \(Self.name(feed, context.app))") { _ in }
  }

  func activities(_ ids: [ActivityID], app: AppID) async throws(FeedError) -> [StoredActivity?] {
    try record("activities \(ids.count) of \(app)") { state in
      let all = state.feeds.filter { $0.key.hasPrefix("\(app)/") }.flatMap(\.value)
      return ids.map { id in all.first { $0.id == id } }
    }
  }

  func readFlat(_ feed: FeedID, app: AppID, page: PageRequest) async throws(FeedError) -> FlatPage {
    try record("read \(Self.name(feed, app))") { state in
      state.lastPage = page
      if let answer = state.answer { return answer }
      let all = (state.feeds[Self.name(feed, app)] ?? []).filter { activity in
        page.idLessThan.map { activity.id < $0 } ?? true
          && page.idLessThanOrEqual.map { activity.id <= $0 } ?? true
          && page.idGreaterThan.map { activity.id > $0 } ?? true
          && page.idGreaterThanOrEqual.map { activity.id >= $0 } ?? true
      }
      let items = all.dropFirst(page.offset).prefix(page.limit)
      return FlatPage(
        items: items.map { FeedItem(activity: $0, origin: nil) }, hasMore: all.count > page.offset + items.count)
    }
  }

  /// Ranks what `readFlat` gives.
  func readRanked(_ feed: FeedID, app: AppID, request: RankedRequest) async throws(FeedError) -> FlatPage {
    var window = request.page
    window.limit = 1_000
    window.offset = 0
    let items = try await readFlat(feed, app: app, page: window).items
    do { return try request.rank(items, counts: []) } catch { throw .ranking(error) }
  }

  /// Each activity is a group of its own, whatever the format says.
  func readGroups(
    _ feed: FeedID, of group: FeedGroup, app: AppID, page: PageRequest, ranked: RankedRequest?, marks: GroupMarks
  ) async throws(FeedError) -> AggregatedPage {
    try record("read groups \(Self.name(feed, app)) \(marks)\(ranked == nil ? "" : " ranked")") { state in
      state.lastPage = page
      let all = state.feeds[Self.name(feed, app)] ?? []
      let groups = all.dropFirst(page.offset).prefix(page.limit).map { activity in
        let time = ActivityTime(ticks: activity.id.ticks)
        return ActivityGroup(
          id: activity.id, key: "key \(activity.id)", activityCount: 1, actorCount: 1, createdAt: time, updatedAt: time,
          items: [FeedItem(activity: activity, origin: nil)], isSeen: false, isRead: true)
      }
      return AggregatedPage(
        groups: groups, hasMore: all.count > page.offset + groups.count,
        unmarked: group.kind == .notification ? .init(unseen: all.count, unread: 0) : nil)
    }
  }

  func follow(_ requests: [FollowRequest], app: AppID, traceID: [UInt8]) async throws(FeedError) {
    let text = requests.map { "\($0.source)>\($0.target)*\($0.activityCopyLimit)" }.joined(separator: " ")
    try record("follow \(text)") { state in
      for request in requests {
        state.clock += 1
        let time = ActivityTime(microseconds: state.clock)
        state.relations.append(
          FollowRelation(source: request.source, target: request.target, createdAt: time, updatedAt: time))
      }
    }
  }

  func unfollow(_ requests: [UnfollowRequest], app: AppID, traceID: [UInt8]) async throws(FeedError) {
    let text = requests.map { "\($0.source)>\($0.target)\($0.keepHistory ? " keep" : "")" }.joined(separator: " ")
    try record("unfollow \(text)") { state in
      state.relations.removeAll { relation in
        requests.contains { $0.source == relation.source && $0.target == relation.target }
      }
    }
  }

  private static func describe(_ list: FollowListRequest) -> String {
    "\(list.limit) \(list.offset) [\(list.filter.map(\.description).joined(separator: " "))]"
  }

  func following(_ feed: FeedID, app: AppID, list: FollowListRequest) async throws(FeedError) -> [FollowRelation] {
    try record("following \(feed) \(Self.describe(list))") { state in
      Array(state.relations.reversed().filter { $0.source == feed }.dropFirst(list.offset).prefix(list.limit))
    }
  }

  func followers(_ feed: FeedID, app: AppID, list: FollowListRequest) async throws(FeedError) -> [FollowRelation] {
    try record("followers \(feed) \(Self.describe(list))") { state in
      Array(state.relations.reversed().filter { $0.target == feed }.dropFirst(list.offset).prefix(list.limit))
    }
  }

  func followerCount(of feed: FeedID, from groups: [String]?, app: AppID) async throws(FeedError) -> Int {
    try record("follower count \(Self.name(feed, app)) \(groups ?? ["*"])") { state in
      state.relations.count { $0.target == feed && groups?.contains($0.source.group) ?? true }
    }
  }

  func followingCount(of feed: FeedID, in groups: [String]?, app: AppID) async throws(FeedError) -> Int {
    try record("following count \(Self.name(feed, app)) \(groups ?? ["*"])") { state in
      state.relations.count { $0.source == feed && groups?.contains($0.target.group) ?? true }
    }
  }
}
