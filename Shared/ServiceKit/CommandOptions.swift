/// The words after a command's name: flags with a value (`--name value` or `--name=value`), flags without, and the rest in order.
/// After `--` all words are of the rest.
public struct CommandOptions: Sendable {
  /// Words that a command does not take, and what to write instead.
  public struct Misuse: Error, CustomStringConvertible {
    public var description: String
    public init(description: String) { self.description = description }
  }

  /// The last value of each flag.
  public private(set) var values: [String: String] = [:]
  /// All values of each, for flags that may be repeated.
  public private(set) var lists: [String: [String]] = [:]
  public private(set) var flags: Set<String> = []
  public private(set) var words: [String] = []

  public init(_ arguments: [String], values valued: Set<String>, flags known: Set<String>) throws(Misuse) {
    var rest = arguments[...]
    while let word = rest.popFirst() {
      if word == "--" {
        words += rest
        break
      }
      guard word.hasPrefix("--") else {
        words.append(word)
        continue
      }
      let name = String(word.dropFirst(2).prefix { $0 != "=" })
      if valued.contains(name) {
        let attached = word.contains("=") ? String(word.dropFirst(name.count + 3)) : nil
        guard let value = attached ?? rest.popFirst() else { throw Misuse(description: "--\(name) needs a value") }
        values[name] = value
        lists[name, default: []].append(value)
      } else if known.contains(name), !word.contains("=") {
        flags.insert(name)
      } else {
        let all = (valued.union(known)).sorted().map { "--\($0)" }.joined(separator: " ")
        // Without its value: somebody may have written a secret.
        throw Misuse(description: "there is no option --\(name) here; known are: \(all)")
      }
    }
  }

  /// A positive number; `nil` where it is not given.
  public func integer(_ name: String) throws(Misuse) -> Int64? {
    guard let text = values[name] else { return nil }
    guard let number = Int64(text), number > 0 else { throw Misuse(description: "--\(name) must be a positive number") }
    return number
  }

  /// A whole number of a range; `nil` where it is not given.
  public func integer(_ name: String, _ range: ClosedRange<Int>) throws(Misuse) -> Int? {
    guard let text = values[name] else { return nil }
    guard let number = Int(text), range.contains(number) else {
      throw Misuse(
        description:
          "--\(name) \(text): write a whole number from \(range.lowerBound) to \(range.upperBound)")
    }
    return number
  }

  /// Text that is not empty; `nil` where it is not given.
  public func text(_ name: String) throws(Misuse) -> String? {
    guard let text = values[name] else { return nil }
    guard !text.isEmpty else { throw Misuse(description: "--\(name) needs a value") }
    return text
  }

  public func required(_ name: String) throws(Misuse) -> Int64 {
    guard let number = try integer(name) else { throw Misuse(description: "--\(name) is missing") }
    return number
  }

  /// A duration as in files: a number and ms, s, m, h or d. In seconds, rounded down.
  public func seconds(_ name: String) throws(Misuse) -> Int64? {
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
  public func wantsJSON() throws(Misuse) -> Bool {
    switch values["output"] {
    case nil, "plain": return false
    case "json": return true
    case let other?: throw Misuse(description: "--output must be json or plain, not \(other)")
    }
  }
}
