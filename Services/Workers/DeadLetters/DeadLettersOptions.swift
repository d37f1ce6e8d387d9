import Jobs

/// The words after `worker dead-letters`.
struct DeadLettersOptions: Sendable {
  enum Action: String, CaseIterable, Sendable { case list, show, replay, drop }

  struct Misuse: Error, CustomStringConvertible {
    var description: String
  }

  static let limitDefault = 100

  private(set) var action: Action
  private(set) var names: [DeadLetterName] = []
  private(set) var isAll = false
  private(set) var filter = DeadLetters.Filter()
  /// How many a list shows.
  private(set) var limit = Self.limitDefault
  private(set) var wantsJSON = false

  init(_ words: [String]) throws(Misuse) {
    guard let first = words.first, let action = Action(rawValue: first) else {
      throw Misuse(description: "write list, show, replay or drop after dead-letters")
    }
    self.action = action
    var rest = words.dropFirst()
    while let word = rest.popFirst() {
      guard word.hasPrefix("--") else {
        guard let name = DeadLetterName(word) else {
          throw Misuse(description: "\(word) is no name of a dead letter: copy one from the list, as 1/user:ada/00ff")
        }
        names.append(name)
        continue
      }
      if word == "--all" {
        isAll = true
        continue
      }
      let parts = word.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
      guard let value = parts.count == 2 ? parts[1] : rest.popFirst() else {
        throw Misuse(description: "\(word) needs a value")
      }
      try set(parts[0], value)
    }
    try check()
  }

  private mutating func set(_ option: String, _ value: String) throws(Misuse) {
    switch option {
    case "--app":
      guard let app = UInt32(value) else { throw Misuse(description: "--app must be an app's number, not \(value)") }
      filter.app = app
    case "--kind":
      guard let kind = JobKind.named.first(where: { $0.name == value }) else {
        let known = JobKind.named.map(\.name).joined(separator: ", ")
        throw Misuse(description: "--kind must be one of \(known), not \(value)")
      }
      filter.kind = kind
    case "--limit":
      guard let number = Int(value), (1...DeadLetters.listMax).contains(number) else {
        throw Misuse(description: "--limit must be a whole number from 1 to \(DeadLetters.listMax), not \(value)")
      }
      limit = number
    case "--output":
      guard value == "json" || value == "plain" else {
        throw Misuse(description: "--output must be json or plain, not \(value)")
      }
      wantsJSON = value == "json"
    default:
      throw Misuse(description: "there is no option \(option); known are: --all --app --kind --limit --output")
    }
  }

  private func check() throws(Misuse) {
    let isFiltered = filter.app != nil || filter.kind != nil
    switch action {
    case .list where !names.isEmpty || isAll:
      throw Misuse(description: "list takes no names: narrow it with --app and --kind")
    case .show where names.isEmpty || isAll || isFiltered: throw Misuse(description: "show takes names from the list")
    case .replay where names.isEmpty != isAll, .drop where names.isEmpty != isAll:
      throw Misuse(
        description: "\(action.rawValue) takes names from the list, or --all with or without --app and --kind")
    case .replay where isFiltered && !isAll, .drop where isFiltered && !isAll:
      throw Misuse(description: "--app and --kind go with --all")
    default: break
    }
  }
}
