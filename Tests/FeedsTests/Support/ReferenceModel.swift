/// What feeds must show, said plainly: no store, no jobs, no crashes.
///
/// Activities and feeds are numbers and names; every effect takes place at once, at the moment its request commits.
struct ReferenceModel {
  enum Kind { case own, to, many }

  struct Place: Hashable {
    var feed: String
    var kind: Kind
  }

  /// By what a feed has an activity: through which source, by which of its placements, on which relation.
  private struct Citation: Hashable {
    var source: String
    var placement: Int
    var relation: Int
  }

  private struct Relation: Hashable {
    var source: String
    var target: String
  }

  private var counter = 0
  /// The placements of each activity, each with the moment it was made; in order.
  private var placements: [Int: [(place: Place, made: Int)]] = [:]
  private var citations: [String: [Int: Set<Citation>]] = [:]
  private var live: [Relation: Int] = [:]
  /// Which request gave each activity the content it has.
  private(set) var content: [Int: Int] = [:]
  /// The actor of each activity: a partial update leaves it.
  private(set) var actors: [Int: String] = [:]

  private mutating func tick() -> Int {
    counter += 1
    return counter
  }

  mutating func add(_ activity: Int, _ places: [Place]) {
    if placements[activity] == nil { placements[activity] = [] }
    for place in places where placements[activity]?.contains(where: { $0.place == place }) == false {
      let made = tick()
      placements[activity]?.append((place, made))
      if place.kind == .many { continue }
      for (relation, epoch) in live where relation.target == place.feed {
        citations[relation.source, default: [:]][activity, default: []]
          .insert(Citation(source: place.feed, placement: made, relation: epoch))
      }
    }
  }

  /// Replaces content; a full update creates what is missing, in no feed.
  mutating func write(_ activity: Int, content number: Int, creates: Bool) {
    if placements[activity] == nil {
      if !creates { return }
      placements[activity] = []
    }
    content[activity] = number
  }

  /// The request gave the whole content, the actor with it.
  mutating func name(_ actor: String, of activity: Int) {
    if placements[activity] != nil { actors[activity] = actor }
  }

  /// A feed's groups by their keys: activities, newest first, and how many actors they have.
  func groups(_ feed: String, key: (Int) -> String) -> [String: (items: [String], actors: Int)] {
    Dictionary(grouping: read(feed), by: { key($0.key) }).mapValues { members in
      (
        members.sorted { $0.key > $1.key }.map { "a\($0.key)<\($0.value)" },
        Set(members.map { actors[$0.key] ?? "" }).count
      )
    }
  }

  /// How the feed has the activity: in its own right, by a follow, or not.
  func holds(_ feed: String, _ activity: Int) -> (inItsOwnRight: Bool, atAll: Bool) {
    let own = placements[activity]?.contains { $0.place.feed == feed } ?? false
    return (own, own || read(feed)[activity] != nil)
  }

  /// Changes `to`.
  mutating func retarget(_ activity: Int, _ change: ([String]) -> [String]) {
    guard let list = placements[activity] else { return }
    let wanted = change(list.filter { $0.place.kind == .to }.map(\.place.feed))
    placements[activity] = list.filter { $0.place.kind != .to || wanted.contains($0.place.feed) }
    add(activity, wanted.map { .init(feed: $0, kind: .to) })
  }

  mutating func follow(_ source: String, _ target: String, copy limit: Int) {
    let relation = Relation(source: source, target: target)
    if live[relation] != nil { return }
    let epoch = tick()
    live[relation] = epoch
    let newest = placements.filter { $0.value.contains { $0.place.feed == target } }.keys.sorted(by: >).prefix(limit)
    for activity in newest {
      for (place, made) in placements[activity] ?? [] where place.feed == target {
        citations[source, default: [:]][activity, default: []]
          .insert(Citation(source: target, placement: made, relation: epoch))
      }
    }
  }

  /// Who follows the feed, by name.
  func followers(of feed: String) -> [String] { live.keys.filter { $0.target == feed }.map(\.source).sorted() }

  mutating func unfollow(_ source: String, _ target: String, keepHistory: Bool) {
    guard let epoch = live.removeValue(forKey: Relation(source: source, target: target)), !keepHistory else { return }
    citations[source] = citations[source]?.mapValues { $0.filter { $0.relation != epoch } }
  }

  mutating func remove(_ activity: Int, from feed: String) {
    if var list = placements[activity], list.contains(where: { $0.place.feed == feed }) {
      if list.contains(where: { $0.place == Place(feed: feed, kind: .own) }) {
        list.removeAll { $0.place.kind == .to || $0.place.feed == feed }
      } else {
        list.removeAll { $0.place.feed == feed && $0.place.kind != .own }
      }
      placements[activity] = list.contains { $0.place.kind != .to } ? list : nil
    }
    citations[feed]?[activity] = nil
  }

  /// The feed's activities with the origin shown, `""` for its own.
  func read(_ feed: String) -> [Int: String] {
    var out: [Int: String] = [:]
    for (activity, list) in placements {
      if list.contains(where: { $0.place.feed == feed }) {
        out[activity] = ""
        continue
      }
      let standing = (citations[feed]?[activity] ?? []).filter { citation in
        list.contains { $0.place.feed == citation.source && $0.made == citation.placement }
      }
      if let first = standing.min(by: { $0.placement < $1.placement }) { out[activity] = first.source }
    }
    return out
  }
}
