/// A request of a random history of reactions.
enum ReactionOperation: CustomStringConvertible {
  case add(Int, under: Int?, kind: String, user: String, targets: [String])
  case update(Int, targets: [String])
  case delete(Int, soft: Bool)
  case restore(Int)

  static let kinds = ["clap", "like"]
  static let users = ["al", "bob"]
  static let feeds = ["user:x", "user:y"]

  var number: Int {
    switch self {
    case .add(let number, _, _, _, _), .update(let number, _), .delete(let number, _), .restore(let number): number
    }
  }

  var description: String {
    switch self {
    case .add(let number, let parent, let kind, let user, let targets):
      "\(user) adds \(kind) \(number) under \(parent.map(String.init) ?? "the activity") \(targets)"
    case .update(let number, let targets): "update \(number) to \(targets)"
    case .delete(let number, let soft): "delete \(number)\(soft ? " softly" : "")"
    case .restore(let number): "restore \(number)"
    }
  }

  static func random(_ count: Int, _ random: inout SeededGenerator) -> ReactionOperation {
    let number = random.below(count)
    let targets = feeds.filter { _ in random.chance(0.4) }
    switch Double.random(in: 0..<1, using: &random) {
    case ..<0.5:
      // A child has a greater number than its parent, so that a chain of them is often there.
      let parent = number > 0 && random.chance(0.65) ? random.below(number) : nil
      return .add(number, under: parent, kind: random.pick(kinds), user: random.pick(users), targets: targets)
    case ..<0.62: return .update(number, targets: targets)
    case ..<0.74: return .delete(number, soft: false)
    case ..<0.88: return .delete(number, soft: true)
    default: return .restore(number)
    }
  }

  /// Applies it; `false` if it must be refused.
  func apply(to model: inout ReactionModel) -> Bool {
    switch self {
    case .add(let number, let parent, let kind, let user, let targets):
      model.add(number, under: parent, kind: kind, user: user, targets: targets)
    case .update(let number, let targets): model.update(number, targets: targets)
    case .delete(let number, let soft): model.delete(number, soft: soft)
    case .restore(let number): model.restore(number)
    }
  }
}
