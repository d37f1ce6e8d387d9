/// One value of a document.
public struct JSONNode: Sendable {
  let document: JSONDocument
  let index: Int

  private var token: JSONToken { document.tokens[index] }

  public var kind: JSONKind { token.kind }

  /// Where the value's text lies in the document, with quotes or brackets.
  public var range: Range<Int> { Int(token.start)..<Int(token.end) }

  /// The value's text as sent, with quotes or brackets.
  public var raw: ArraySlice<UInt8> { document.bytes[range] }

  /// Elements of an array or members of an object; 0 for anything else.
  public var count: Int { Int(token.count) }

  /// A string's text; `nil` for anything else.
  public var string: String? { utf8.map { String(decoding: $0, as: UTF8.self) } }

  /// A string's text as UTF-8, unescaped; `nil` for anything else.
  public var utf8: [UInt8]? {
    guard kind == .string else { return nil }
    let content = document.bytes[Int(token.start) + 1..<Int(token.end) - 1]
    return token.isEscaped ? unescapedJSON(content) : Array(content)
  }

  /// A number's text as sent; `nil` for anything else.
  public var numberText: String? { kind == .number ? String(decoding: raw, as: UTF8.self) : nil }

  /// A number that is written as an integer and fits; `nil` for anything else.
  public var integer: Int? { kind == .number ? Int(String(decoding: raw, as: UTF8.self)) : nil }

  /// `nil` for what is no boolean.
  public var boolean: Bool? {
    switch kind {
    case .true: true
    case .false: false
    default: nil
    }
  }

  /// Whether this is a string with that text; compares unescaped, without a copy in the common case.
  public func equals(_ text: StaticString) -> Bool {
    guard kind == .string else { return false }
    let expected = UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount)
    let content = document.bytes[Int(token.start) + 1..<Int(token.end) - 1]
    return token.isEscaped ? unescapedJSON(content).elementsEqual(expected) : content.elementsEqual(expected)
  }

  /// The members of an object in the order sent; empty for anything else.
  public var members: Members { Members(parent: self) }

  /// The elements of an array in the order sent; empty for anything else.
  public var elements: Elements { Elements(parent: self) }

  /// The object's member of that name.
  public subscript(_ name: StaticString) -> JSONNode? { members.first { $0.name.equals(name) }?.value }

  public struct Members: Sequence, Sendable {
    let parent: JSONNode
    public func makeIterator() -> Iterator { Iterator(parent) }
    public var underestimatedCount: Int { parent.kind == .object ? parent.count : 0 }

    public struct Iterator: IteratorProtocol {
      private let document: JSONDocument
      private var index: Int
      private var left: Int
      init(_ parent: JSONNode) {
        document = parent.document
        index = parent.index + 1
        left = parent.kind == .object ? parent.count : 0
      }
      public mutating func next() -> (name: JSONNode, value: JSONNode)? {
        guard left > 0 else { return nil }
        left -= 1
        let value = JSONNode(document: document, index: index + 1)
        defer { index = Int(document.tokens[index + 1].next) }
        return (JSONNode(document: document, index: index), value)
      }
    }
  }

  public struct Elements: Sequence, Sendable {
    let parent: JSONNode
    public func makeIterator() -> Iterator { Iterator(parent) }
    public var underestimatedCount: Int { parent.kind == .array ? parent.count : 0 }

    public struct Iterator: IteratorProtocol {
      private let document: JSONDocument
      private var index: Int
      private var left: Int
      init(_ parent: JSONNode) {
        document = parent.document
        index = parent.index + 1
        left = parent.kind == .array ? parent.count : 0
      }
      public mutating func next() -> JSONNode? {
        guard left > 0 else { return nil }
        left -= 1
        defer { index = Int(document.tokens[index].next) }
        return JSONNode(document: document, index: index)
      }
    }
  }
}
