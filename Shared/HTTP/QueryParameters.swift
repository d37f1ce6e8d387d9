/// The parameters of a query in the order sent, names and values form-decoded (spec/feeds-api.md §1.1).
///
///     let query = try QueryParameters(request.query)
///     query["api_key"]; query.list("ids"); query.boolean("ranked"); try query.integer("limit")
public struct QueryParameters: Sendable {
  public struct Pair: Equatable, Sendable {
    public var name: String
    public var value: String
    public init(_ name: String, _ value: String) {
      self.name = name
      self.value = value
    }
  }

  /// What is wrong with a query, in words for its sender.
  public struct Invalid: Error, Equatable, Sendable, CustomStringConvertible {
    /// The parameter, empty when the whole query cannot be read.
    public var name: String
    public var description: String
    public init(name: String, _ description: String) {
      self.name = name
      self.description = description
    }
  }

  public let pairs: [Pair]

  public init(pairs: [Pair]) { self.pairs = pairs }

  /// Reads a query as sent, without its `?`. An item without `=` has an empty value; an empty item is skipped.
  public init(_ query: String) throws(Invalid) {
    var pairs: [Pair] = []
    for item in query.utf8.split(separator: 0x26) {
      let equals = item.firstIndex(of: 0x3D) ?? item.endIndex
      let rest = equals == item.endIndex ? item[equals...] : item[item.index(after: equals)...]
      guard let name = PercentEncoding.decode(item[..<equals], form: true),
        let value = PercentEncoding.decode(rest, form: true)
      else {
        throw Invalid(name: "", "the query holds a broken percent-encoding or text that is not UTF-8")
      }
      pairs.append(Pair(name, value))
    }
    self.pairs = pairs
  }

  /// The first value of that name.
  public subscript(name: String) -> String? { pairs.first { $0.name == name }?.value }

  /// Every value of that name, in order; bracketed names not included.
  public func all(_ name: String) -> [String] { pairs.filter { $0.name == name }.map(\.value) }

  /// Whether the name comes with brackets (`name[]`, `name[0]`, `name[key]`): an error where no list is expected.
  public func isBracketed(_ name: String) -> Bool { pairs.contains { Self.bracketed($0.name, of: name) != nil } }

  /// A list in all the forms clients send: one value with commas, the name repeated, `name[]`, `name[0]`. White space
  /// around an item is trimmed, empty items are dropped. Empty when there is none.
  public func list(_ name: String) -> [String] {
    var items: [String] = []
    for pair in pairs {
      guard pair.name == name || Self.bracketed(pair.name, of: name)?.utf8.allSatisfy(isDigit) == true else { continue }
      for item in pair.value.utf8.split(separator: 0x2C) {
        guard let text = Self.trimmed(item) else { continue }
        items.append(text)
      }
    }
    return items
  }

  /// `true`, `t` and `1` in any case are true; anything else, and absence, is false.
  public func boolean(_ name: String) -> Bool {
    guard let value = self[name] else { return false }
    return ["true", "t", "1"].contains(value.lowercased())
  }

  /// A whole number from 0 on, `nil` when absent. Anything else is refused, an empty value too.
  public func integer(_ name: String) throws(Invalid) -> Int? {
    guard let value = self[name] else { return nil }
    guard !value.isEmpty, value.utf8.allSatisfy(isDigit), let number = Int(value) else {
      throw Invalid(name: name, "\(name) must be a non-negative integer")
    }
    return number
  }

  /// What stands in the brackets of `key`, if it is `name[…]`.
  private static func bracketed(_ key: String, of name: String) -> Substring? {
    guard key.utf8.count >= name.utf8.count + 2, key.hasPrefix(name), key.hasSuffix("]") else { return nil }
    let rest = key.dropFirst(name.count)
    return rest.first == "[" ? rest.dropFirst().dropLast() : nil
  }

  private static func trimmed(_ item: Substring.UTF8View.SubSequence) -> String? {
    var item = item
    while let first = item.first, first == 0x20 || first >= 9 && first < 14 { item.removeFirst() }
    while let last = item.last, last == 0x20 || last >= 9 && last < 14 { item.removeLast() }
    return item.isEmpty ? nil : String(Substring(item))
  }
}
