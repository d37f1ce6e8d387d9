/// JSON text that has been checked whole, with the place of every value in it.
///
/// One pass checks grammar (RFC 8259), UTF-8, escapes, numbers, depth and duplicate names, and notes where each value
/// begins and ends; nothing is decoded or copied until it is asked for. Numbers are never converted.
///
/// ```swift
/// let document = try JSONDocument(body)
/// for (name, value) in document.root.members where name.equals("target") { … }
/// ```
public struct JSONDocument: Sendable {
  public let bytes: [UInt8]
  let tokens: [JSONToken]

  /// - Throws: `JSONError` for the first thing that is wrong.
  public init(_ bytes: [UInt8], limits: JSONLimits = JSONLimits()) throws(JSONError) {
    self.bytes = bytes
    tokens = try bytes.withUnsafeBufferPointer { (buffer) throws(JSONError) -> [JSONToken] in
      // The scanner reads only inside the buffer, and only while this closure runs.
      var scanner = JSONScanner(buffer, limits: limits)
      return try scanner.scan()
    }
  }

  public var root: JSONNode { JSONNode(document: self, index: 0) }
}

/// What a value is.
public enum JSONKind: UInt8, Hashable, Sendable {
  case null, `true`, `false`, number, string, array, object
}

/// One value, or one member's name (a string): where it lies, and where the value after it begins.
struct JSONToken {
  /// First byte of the value, quotes and brackets included.
  var start: UInt32
  /// One past its last byte.
  var end: UInt32
  /// Index of the first token that is not part of this value.
  var next: UInt32
  /// Elements of an array, members of an object.
  var count: UInt32
  var kind: JSONKind
  /// Whether a string holds `\`: otherwise its bytes are its text.
  var isEscaped: Bool
}
