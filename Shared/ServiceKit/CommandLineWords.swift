/// A command line taken apart: the action, and the values of the flags that name settings.
struct CommandLineWords {
  private(set) var action: Invocation.Action = .serve
  private(set) var values: [String: String] = [:]

  init(_ arguments: [String], settings: [Setting], commands: [String]) throws(ConfigurationError) {
    var command: String?
    var rest: [String] = []
    var check = false
    var index = 0
    while index < arguments.count {
      let word = arguments[index]
      index += 1
      if word == "--" {
        guard command != nil else {
          if index < arguments.count { throw .unknownCommand(arguments[index], known: commands) }
          break
        }
        rest += arguments[index...]
        break
      }
      guard word.hasPrefix("--") else {
        if command != nil {
          rest.append(word)
        } else if word == "-h" {
          action = .help
          return
        } else if word.hasPrefix("-") {
          throw .unknownFlag(word, suggestion: nil)
        } else if commands.contains(word) {
          command = word
        } else {
          throw .unknownCommand(word, known: commands)
        }
        continue
      }
      let body = word.dropFirst(2)
      let name = String(body.prefix { $0 != "=" })
      let attached = body.contains("=") ? String(body.dropFirst(name.count + 1)) : nil
      if let setting = settings.first(where: { $0.name == name }) {
        if let attached {
          values[name] = attached
        } else if setting.isFlag {
          values[name] = "true"
        } else if index < arguments.count {
          values[name] = arguments[index]
          index += 1
        } else {
          throw .missingValue(flag: "--\(name)", form: setting.form)
        }
      } else if command != nil {
        rest.append(word)
      } else if attached == nil, name == "help" {
        action = .help
        return
      } else if attached == nil, name == "version" {
        action = .version
        return
      } else if attached == nil, name == "check" {
        check = true
      } else {
        let names = settings.map(\.name) + ["check", "help", "version"]
        throw .unknownFlag("--\(name)", suggestion: nearest(name, to: names).map { "--\($0)" })
      }
    }
    if check {
      action = .check
    } else if let command {
      action = .command(name: command, arguments: rest)
    }
  }
}

/// The candidate closest to `word` by edit distance (Levenshtein), if one is close enough to be a slip.
func nearest(_ word: String, to candidates: [String]) -> String? {
  func distance(_ a: [UInt8], _ b: [UInt8]) -> Int {
    var row = Array(0...b.count)
    for (i, x) in a.enumerated() {
      var diagonal = row[0]
      row[0] = i + 1
      for (j, y) in b.enumerated() {
        let next = min(row[j] + 1, row[j + 1] + 1, diagonal + (x == y ? 0 : 1))
        diagonal = row[j + 1]
        row[j + 1] = next
      }
    }
    return row[b.count]
  }
  // Bounded, since a word may come from a file of any length.
  let bytes = Array(word.utf8.prefix(64))
  let best = candidates.map { (distance(bytes, Array($0.utf8)), $0) }.min { $0.0 < $1.0 }
  guard let best, best.0 <= max(1, bytes.count / 3) else { return nil }
  return best.1
}
