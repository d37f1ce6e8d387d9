/// What reactions must show, said plainly: no store, no jobs, no crashes. Reactions are numbers; the number also gives the id,
/// so that a deleted one can be added anew.
struct ReactionModel {
  struct Node {
    var parent: Int?
    /// The life of the parent it belongs to.
    var parentLife = 0
    var life: Int
    var kind: String
    var user: String
    var targets: [String]
    var soft = false
  }

  /// The activity, or one life of a reaction.
  struct Place: Hashable {
    var parent: Int?
    var life = 0
  }

  private(set) var nodes: [Int: Node] = [:]
  private var lives = 0
  /// Kinds that each place has ever had.
  private var used: [Place: Set<String>] = [:]

  /// Itself and those above it; `nil` if one of them is gone.
  func chain(_ number: Int) -> [Node]? {
    guard let node = nodes[number] else { return nil }
    guard let parent = node.parent else { return [node] }
    guard let above = chain(parent), above[0].life == node.parentLife else { return nil }
    return [node] + above
  }

  func isLive(_ number: Int) -> Bool { chain(number)?.allSatisfy { !$0.soft } ?? false }

  mutating func add(_ number: Int, under parent: Int?, kind: String, user: String, targets: [String]) -> Bool {
    guard chain(number) == nil else { return false }
    var parentLife = 0
    if let parent {
      guard parent != number, isLive(parent), let above = chain(parent), above.count < 3 else { return false }
      parentLife = above[0].life
    }
    lives += 1
    nodes[number] = Node(
      parent: parent, parentLife: parentLife, life: lives, kind: kind, user: user, targets: targets)
    used[Place(parent: parent, life: parentLife), default: []].insert(kind)
    return true
  }

  mutating func update(_ number: Int, targets: [String]) -> Bool {
    guard isLive(number) else { return false }
    nodes[number]?.targets = targets
    return true
  }

  mutating func delete(_ number: Int, soft: Bool) -> Bool {
    guard soft ? isLive(number) : chain(number) != nil else { return false }
    if soft { nodes[number]?.soft = true } else { nodes[number] = nil }
    return true
  }

  mutating func restore(_ number: Int) -> Bool {
    guard let chain = chain(number), chain[0].soft, chain.dropFirst().allSatisfy({ !$0.soft }) else { return false }
    nodes[number]?.soft = false
    return true
  }

  /// Live reactions of a place, newest first.
  func list(_ place: Place) -> [Int] {
    nodes.keys.filter { number in
      isLive(number) && nodes[number]?.parent == place.parent && (nodes[number]?.parentLife ?? 0) == place.life
    }.sorted(by: >)
  }

  func counts(_ place: Place) -> String {
    let shown = list(place)
    return (used[place] ?? []).sorted().map { kind in "\(kind):\(shown.count { nodes[$0]?.kind == kind })" }
      .joined(separator: " ")
  }

  /// Reactions whose activity is in the feed.
  func noticed(_ feed: String) -> Set<Int> {
    Set(nodes.keys.filter { isLive($0) && nodes[$0]?.targets.contains(feed) == true })
  }
}
