import Feeds
import Jobs
import KeevoClient
import Model

/// What feeds and the audit log must be, as far as requests in doubt let that be known.
extension Interleaving {
  /// What two requests, the first of which was never answered, make undecidable.
  func mark(_ one: FeedOperation, _ two: FeedOperation) {
    if let a = one.activity, a == two.activity, one.writesContent, two.writesContent { doubtfulContent.insert(a) }
    for one in one.effects {
      for two in two.effects {
        mark(one, and: two)
      }
    }
  }

  func mark(_ one: FeedOperation, and two: FeedOperation) {
    for (p, q) in [(one, two), (two, one)] {
      switch (p, q) {
      case (.add(let activity, _, _), .follow(let source, _, let limit)):
        doubtful.insert(Doubt(feed: source, activity: limit == 0 || limit == 9 ? activity : nil))
      case (.remove(let activity, _), .follow(let source, _, let limit)):
        doubtful.insert(Doubt(feed: source, activity: limit == 0 || limit == 9 ? activity : nil))
      case (.add(let activity, _, _), .unfollow(let source, _, true)):
        doubtful.insert(Doubt(feed: source, activity: activity))
      case (.add(let a, _, _), .remove(let b, _)) where a == b, (.remove(let a, _), .remove(let b, _)) where a == b:
        for feed in feeds { doubtful.insert(Doubt(feed: feed, activity: a)) }
      default: break
      }
      switch (p, q) {
      case (.follow(let s, let t, _), .follow(let source, let target, _)) where s == source && t == target,
        (.follow(let s, let t, _), .unfollow(let source, let target, _)) where s == source && t == target:
        doubtful.insert(Doubt(feed: s, activity: nil))
      case (.remove(let activity, let feed), .follow(let source, _, _)) where feed == source,
        (.remove(let activity, let feed), .unfollow(let source, _, _)) where feed == source:
        doubtful.insert(Doubt(feed: feed, activity: activity))
      default: break
      }
    }
  }

  func check(_ when: String) -> Bool {
    for feed in feeds {
      if feed.hasPrefix("notification:") {
        if !checkGroups(feed, when) { return false }
        continue
      }
      guard let items = read(feed) else { return fail("\(when): \(feed) cannot be read") }
      let certain = { (activity: Int) in
        !self.doubtful.contains(Doubt(feed: feed, activity: activity))
          && !self.doubtful.contains(Doubt(feed: feed, activity: nil))
      }
      let wanted = reference.read(feed).filter { certain($0.key) }.sorted { $0.key > $1.key }.map {
        "a\($0.key)<\($0.value)" + self.by($0.key, self.reference.content[$0.key])
      }
      let got = items.filter { certain($0.activity) }.map {
        "a\($0.activity)<\($0.origin)" + self.by($0.activity, $0.content)
      }
      if got != wanted { return fail("\(when), \(feed): has \(got), must have \(wanted)") }
      if style.switches, !checkPages(feed, items.map(\.activity), when) { return false }
    }
    return true
  }

  /// Followers are listed, counted and found as they follow.
  func checkFollowers(_ when: String) -> Bool {
    if doubtful.contains(where: { $0.activity == nil }) { return true }
    let engine = reader()
    let app = app
    for feed in feeds where feed.hasPrefix("flat:") {
      let wanted = reference.followers(of: feed)
      let all = feeds.map(Self.feed)
      let got = Self.wait(on: executor) { () -> (listed: [String], found: [String], paged: [String], count: Int)? in
        do {
          let target = Self.feed(feed)
          let listed = try await engine.followers(target, app: app, list: FollowListRequest(limit: 100))
          let found = try await engine.followers(target, app: app, list: FollowListRequest(limit: 100, filter: all))
          var paged: [FollowRelation] = []
          for offset in 0...all.count {
            paged += try await engine.followers(target, app: app, list: FollowListRequest(limit: 1, offset: offset))
          }
          let count = try await engine.followerCount(of: target, from: ["flat", "notification"], app: app)
          return (
            listed.map(\.source.description), found.map(\.source.description), paged.map(\.source.description), count
          )
        } catch {
          return nil
        }
      }
      guard let got else { return fail("\(when): followers of \(feed) cannot be read") }
      guard got.listed.sorted() == wanted, got.found.sorted() == wanted, got.paged == got.listed,
        got.count == wanted.count
      else { return fail("\(when), followers of \(feed): \(got), must be \(wanted)") }
    }
    return true
  }

  /// Pages of every form have what the whole feed has.
  private func checkPages(_ feed: String, _ all: [Int], _ when: String) -> Bool {
    let engine = reader()
    let app = app
    let pages = Self.wait(on: executor) { () -> [(String, [Int], [Int])]? in
      func read(_ change: (inout PageRequest) -> Void) async throws -> [Int] {
        var page = PageRequest(limit: 100)
        change(&page)
        return try await engine.readFlat(Self.feed(feed), app: app, page: page).items.map(Self.number)
      }
      do {
        var out: [(String, [Int], [Int])] = []
        for (index, activity) in all.enumerated() {
          let id = Self.id(activity)
          let newer = Array(all[..<index])
          let older = Array(all[(index + 1)...])
          out.append(
            (
              "id_lt \(activity)",
              try await read {
                $0.idLessThan = id
                $0.limit = 1
              }, Array(older.prefix(1))
            ))
          out.append(("id_lte \(activity)", try await read { $0.idLessThanOrEqual = id }, [activity] + older))
          out.append(("id_gt \(activity)", try await read { $0.idGreaterThan = id }, newer))
          out.append(("id_gte \(activity)", try await read { $0.idGreaterThanOrEqual = id }, newer + [activity]))
          out.append(
            (
              "offset \(index)",
              try await read {
                $0.offset = index
                $0.limit = 1
              }, [activity]
            ))
          let one = try await read {
            $0.idLessThanOrEqual = id
            $0.idGreaterThanOrEqual = id
          }
          out.append(("the one \(activity)", one, [activity]))
          let filter = try ActivityFilter(parsing: #"{"foreign_id":"a\#(activity)"}"#)
          out.append(("by foreign id \(activity)", try await read { $0.filter = filter }, [activity]))
          let around = try await read {
            $0.around = id
            $0.limit = 2
          }
          out.append(("around \(activity)", around, Array((newer.suffix(1) + [activity] + older).prefix(2))))
        }
        return out
      } catch {
        return nil
      }
    }
    guard let pages else { return fail("\(when): pages of \(feed) cannot be read") }
    for (what, got, wanted) in pages where got != wanted {
      return fail("\(when), \(feed), \(what): has \(got), must have \(wanted)")
    }
    return true
  }

  /// Whose content it has, if that is decided.
  func by(_ activity: Int, _ content: Int?) -> String {
    doubtfulContent.contains(activity) ? "" : " by \(content ?? -1)"
  }

  /// Each change that was made durable stands in the audit log once.
  func checkAudit() -> Bool {
    let engine = FeedEngine(
      store: store, times: times, groups: groups, options: options, timing: World.timing(clock),
      runtime: FeedRuntime(spawn: { _ in }, sleep: { _ in }), logger: .silent, metrics: metrics)
    let app = app
    let page = Self.wait(on: executor) { try? await engine.auditLogs(AuditLog.Query(limit: 1_000), app: app) }
    guard let page else { return fail("the audit log cannot be read") }
    guard page.entries.count == audited.count else {
      return fail("the audit log has \(page.entries.count) entries, must have \(audited.count)")
    }
    return true
  }

  /// Counts leave no room for doubt: a feed is looked at only while nothing in it is undecidable.
  func checkGroups(_ feed: String, _ when: String) -> Bool {
    if !doubtfulContent.isEmpty || doubtful.contains(where: { $0.feed == feed }) { return true }
    let engine = reader()
    let app = app
    let page = Self.wait(on: executor) {
      try? await engine.readGroups(
        Self.feed(feed), of: Self.notification, app: app, page: PageRequest(limit: 100), ranked: nil,
        marks: GroupMarks())
    }
    guard let page else { return fail("\(when): \(feed) cannot be read") }
    let wanted = reference.groups(feed) { String($0 % 2) }.map { key, group in
      "\(key): \(group.items.count)/\(group.actors) \(group.items)"
    }.sorted()
    let got = page.groups.map { group in
      let items = group.items.map { "a\(Self.number($0))<\($0.origin.map(\.description) ?? "")" }
      return "\(group.key): \(group.activityCount)/\(group.actorCount) \(items)"
    }.sorted()
    if got != wanted { return fail("\(when), \(feed): has \(got), must have \(wanted)") }
    // Nothing is ever marked here.
    if page.unmarked != .init(unseen: wanted.count, unread: wanted.count) {
      return fail("\(when), \(feed): \(String(describing: page.unmarked)) of \(wanted.count) groups")
    }
    return true
  }

  static func number(_ item: FeedItem) -> Int { Int(item.activity.id.ticks / 10 % 1_000_000) - tickBase }

  /// An engine whose calls pass no gate.
  func reader() -> FeedEngine {
    var options = options
    options.garbagePerReadMax = 0
    return FeedEngine(
      store: store, times: times, groups: groups, options: options, timing: World.timing(clock),
      runtime: FeedRuntime(spawn: { _ in }, sleep: { _ in }), logger: .silent, metrics: metrics)
  }

  func read(_ feed: String) -> [(activity: Int, origin: String, content: Int)]? {
    let engine = reader()
    let app = app
    let page = Self.wait(on: executor) {
      try? await engine.readFlat(Self.feed(feed), app: app, page: PageRequest(limit: 100))
    }
    return page?.items.map { item in
      (
        Self.number(item), item.origin.map(\.description) ?? "",
        Self.content(item.activity)
      )
    }
  }

  static func content(_ activity: StoredActivity) -> Int {
    let body = String(decoding: activity.body, as: UTF8.self)
    guard let place = body.range(of: "\"by\":") else { return -1 }
    return Int(body[place.upperBound...].prefix { $0.isNumber }) ?? -1
  }

  static let tickBase = Int(ActivityTime(microseconds: 1_000_000).ticks / 10 % 1_000_000)

  /// Runs something that passes no gate.
  static func wait<T: Sendable>(on executor: StepExecutor, _ body: @escaping @Sendable () async -> T) -> T {
    let box = ResultBox<T>()
    executor.launch { box.put(await body()) }
    executor.drain()
    guard let value = box.take() else { preconditionFailure("a call without gates did not end") }
    return value
  }

  func fail(_ what: String) -> Bool {
    if failure == nil { failure = what }
    return false
  }
}
