/// A JSON value in memory, for what is not hot: configuration, tokens, small bodies. Members keep their order, numbers
/// their text.
public indirect enum JSONValue: Hashable, Sendable {
  public struct Member: Hashable, Sendable {
    public var name: String
    public var value: JSONValue
    public init(_ name: String, _ value: JSONValue) {
      self.name = name
      self.value = value
    }
  }

  case null
  case boolean(Bool)
  /// The number's text.
  case number(String)
  case string(String)
  case array([JSONValue])
  case object([Member])

  /// Reads JSON text.
  public init(parsing bytes: [UInt8], limits: JSONLimits = JSONLimits()) throws(JSONError) {
    self.init(try JSONDocument(bytes, limits: limits).root)
  }

  /// Reads JSON text.
  public init(parsing text: String, limits: JSONLimits = JSONLimits()) throws(JSONError) {
    try self.init(parsing: Array(text.utf8), limits: limits)
  }

  /// Copies a value out of a document. Its depth, and so that of this recursion, is bounded by the document's limits.
  public init(_ node: JSONNode) {
    switch node.kind {
    case .null: self = .null
    case .true: self = .boolean(true)
    case .false: self = .boolean(false)
    case .number: self = .number(String(decoding: node.raw, as: UTF8.self))
    case .string: self = .string(node.string ?? "")
    case .array: self = .array(node.elements.map(JSONValue.init))
    case .object: self = .object(node.members.map { Member($0.name.string ?? "", JSONValue($0.value)) })
    }
  }

  public static func integer(_ value: some BinaryInteger) -> JSONValue { .number(String(value)) }

  public subscript(_ name: String) -> JSONValue? {
    guard case .object(let members) = self else { return nil }
    return members.first { $0.name == name }?.value
  }

  public var string: String? {
    guard case .string(let text) = self else { return nil }
    return text
  }

  public var boolean: Bool? {
    guard case .boolean(let value) = self else { return nil }
    return value
  }

  /// A number written as an integer that fits.
  public var integer: Int? {
    guard case .number(let text) = self else { return nil }
    return Int(text)
  }

  /// A number's text.
  public var numberText: String? {
    guard case .number(let text) = self else { return nil }
    return text
  }

  public var array: [JSONValue]? {
    guard case .array(let elements) = self else { return nil }
    return elements
  }

  public var members: [Member]? {
    guard case .object(let members) = self else { return nil }
    return members
  }
}

extension JSONValue: CustomStringConvertible {
  /// The JSON text, without white space.
  public var description: String { String(decoding: encoded(), as: UTF8.self) }

  /// The JSON text, without white space; with `sortedNames` members stand in the order of their names' UTF-8 bytes.
  public func encoded(sortedNames: Bool = false) -> [UInt8] {
    var writer = JSONWriter()
    write(to: &writer, sortedNames: sortedNames)
    return writer.bytes
  }

  public func write(to writer: inout JSONWriter, sortedNames: Bool = false) {
    switch self {
    case .null: writer.splice("null")
    case .boolean(let value): writer.boolean(value)
    case .number(let text): writer.splice(text.utf8)
    case .string(let text): writer.string(text)
    case .array(let elements):
      writer.splice("[")
      for (index, element) in elements.enumerated() {
        if index > 0 { writer.splice(",") }
        element.write(to: &writer, sortedNames: sortedNames)
      }
      writer.splice("]")
    case .object(let members):
      let ordered =
        sortedNames ? members.sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) } : members
      writer.splice("{")
      for (index, member) in ordered.enumerated() {
        if index > 0 { writer.splice(",") }
        writer.string(member.name)
        writer.splice(":")
        member.value.write(to: &writer, sortedNames: sortedNames)
      }
      writer.splice("}")
    }
  }
}
