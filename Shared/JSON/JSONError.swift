/// Why bytes are not acceptable JSON, and where.
public struct JSONError: Error, Hashable, Sendable, CustomStringConvertible {
  public enum Reason: String, Hashable, Sendable {
    case empty = "there is no value"
    case unexpectedEnd = "the text ends in the middle of a value"
    case unexpectedByte = "unexpected character"
    case trailingBytes = "there is more text after the value"
    case invalidNumber = "this is not a number"
    case invalidLiteral = "expected true, false or null"
    case invalidUTF8 = "the text is not valid UTF-8"
    case controlCharacter = "a control character in a string must be escaped"
    case invalidEscape = "this is not an escape sequence"
    case loneSurrogate = "half of a surrogate pair stands alone"
    case duplicateName = "the member name occurs twice in its object"
    case tooDeep = "too many levels of lists and objects"
    case tooManyMembers = "too many members in one object"
    case tooLong = "the text is too long"
  }

  public let reason: Reason
  /// Bytes before the place of the error.
  public let offset: Int

  public init(_ reason: Reason, at offset: Int) {
    self.reason = reason
    self.offset = offset
  }

  public var description: String { "invalid JSON at byte \(offset): \(reason.rawValue)" }
}
