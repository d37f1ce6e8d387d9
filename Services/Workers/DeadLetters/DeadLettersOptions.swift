import Jobs
import ServiceKit

/// The words after `worker dead-letters`.
struct DeadLettersOptions: Sendable {
  enum Action: String, CaseIterable, Sendable { case list, show, replay, drop }

  static let limitDefault = 100

  let action: Action
  let names: [DeadLetterName]
  let isAll: Bool
  let filter: DeadLetters.Filter
  /// How many a list shows.
  let limit: Int
  let wantsJSON: Bool

  init(_ words: [String]) throws(CommandOptions.Misuse) {
    let options = try CommandOptions(words, values: ["app", "kind", "limit", "output"], flags: ["all"])
    guard let first = options.words.first, let action = Action(rawValue: first) else {
      throw CommandOptions.Misuse(description: "write list, show, replay or drop after dead-letters")
    }
    self.action = action
    var names: [DeadLetterName] = []
    for word in options.words.dropFirst() {
      guard let name = DeadLetterName(word) else {
        throw CommandOptions.Misuse(
          description: "\(word) is no name of a dead letter: copy one from the list, as 1/user:ada/00ff")
      }
      names.append(name)
    }
    self.names = names
    isAll = options.flags.contains("all")
    filter = try Self.filter(options)
    limit = try options.integer("limit", 1...DeadLetters.listMax) ?? Self.limitDefault
    wantsJSON = try options.wantsJSON()
    try check()
  }

  private static func filter(_ options: CommandOptions) throws(CommandOptions.Misuse) -> DeadLetters.Filter {
    var filter = DeadLetters.Filter()
    if let app = try options.integer("app") {
      guard let number = UInt32(exactly: app) else {
        throw CommandOptions.Misuse(description: "--app must be an app's number, not \(app)")
      }
      filter.app = number
    }
    if let value = options.values["kind"] {
      guard let kind = JobKind.named.first(where: { $0.name == value }) else {
        let known = JobKind.named.map(\.name).joined(separator: ", ")
        throw CommandOptions.Misuse(description: "--kind must be one of \(known), not \(value)")
      }
      filter.kind = kind
    }
    return filter
  }

  private func check() throws(CommandOptions.Misuse) {
    let isFiltered = filter.app != nil || filter.kind != nil
    switch action {
    case .list where !names.isEmpty || isAll:
      throw CommandOptions.Misuse(description: "list takes no names: narrow it with --app and --kind")
    case .show where names.isEmpty || isAll || isFiltered:
      throw CommandOptions.Misuse(description: "show takes names from the list")
    case .replay where names.isEmpty != isAll, .drop where names.isEmpty != isAll:
      throw CommandOptions.Misuse(
        description: "\(action.rawValue) takes names from the list, or --all with or without --app and --kind")
    case .replay where isFiltered && !isAll, .drop where isFiltered && !isAll:
      throw CommandOptions.Misuse(description: "--app and --kind go with --all")
    default: break
    }
  }
}
