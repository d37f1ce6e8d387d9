/// The words after a command's name: flags with a value, flags without, and the rest in order.
struct CommandOptions: Sendable {
  struct Misuse: Error, CustomStringConvertible {
    var description: String
  }

  private(set) var values: [String: String] = [:]
  private(set) var flags: Set<String> = []
  private(set) var words: [String] = []

  init(_ arguments: [String], values valued: Set<String>, flags known: Set<String>) throws(Misuse) {
    var rest = arguments[...]
    while let word = rest.popFirst() {
      guard word.hasPrefix("--") else {
        words.append(word)
        continue
      }
      let name = String(word.dropFirst(2).prefix { $0 != "=" })
      if valued.contains(name) {
        if word.contains("=") {
          values[name] = String(word.dropFirst(name.count + 3))
        } else if let value = rest.popFirst() {
          values[name] = value
        } else {
          throw Misuse(description: "--\(name) needs a value")
        }
      } else if known.contains(name), !word.contains("=") {
        flags.insert(name)
      } else {
        let all = (valued.union(known)).sorted().map { "--\($0)" }.joined(separator: " ")
        throw Misuse(description: "there is no option \(word) here; known are: \(all)")
      }
    }
  }

  func integer(_ name: String) throws(Misuse) -> Int64? {
    guard let text = values[name] else { return nil }
    guard let number = Int64(text), number > 0 else { throw Misuse(description: "--\(name) must be a positive number") }
    return number
  }

  func required(_ name: String) throws(Misuse) -> Int64 {
    guard let number = try integer(name) else { throw Misuse(description: "--\(name) is missing") }
    return number
  }

  /// A duration as in files: a number and ms, s, m, h or d. In seconds, rounded down.
  func seconds(_ name: String) throws(Misuse) -> Int64? {
    guard let text = values[name] else { return nil }
    let digits = text.prefix { $0.isASCII && $0.isNumber }
    let units: [String: Int64] = ["ms": 1, "s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000]
    guard let number = Int64(digits), let unit = units[String(text.dropFirst(digits.count))] else {
      throw Misuse(description: "--\(name) must be a number and a unit, such as 30m, 24h or 7d")
    }
    let (milliseconds, overflow) = number.multipliedReportingOverflow(by: unit)
    guard !overflow else { throw Misuse(description: "--\(name) is too long") }
    return milliseconds / 1_000
  }

  /// Whether answers are one JSON line rather than text for a person.
  func wantsJSON() throws(Misuse) -> Bool {
    switch values["output"] {
    case nil, "plain": return false
    case "json": return true
    case let other?: throw Misuse(description: "--output must be json or plain, not \(other)")
    }
  }
}
