/// Why bytes are not the message they were taken for.
public enum ProtobufError: Error, Hashable, Sendable, CustomStringConvertible {
  /// The message ends inside a field, at this offset.
  case truncated(offset: Int)
  /// A varint of more than ten bytes, or one that does not fit its type.
  case varintOutOfRange(offset: Int)
  /// Field number 0 or past 2^29 - 1, or a wire type that does not exist.
  case badTag(offset: Int)
  /// A known field with a wire type it cannot have.
  case wireTypeMismatch(field: Int, offset: Int)
  /// A string field that is not UTF-8.
  case notUTF8(field: Int, offset: Int)
  /// Messages in messages, or groups in groups, past `ProtobufLimits.depthMax`.
  case tooDeep(offset: Int)
  /// The message is larger than `ProtobufLimits.messageBytesMax`.
  case tooLarge(bytes: Int, max: Int)
  /// A field that must be there is missing, or holds a value that its type does not allow.
  case invalid(String)

  public var description: String {
    switch self {
    case .truncated(let offset): "message ends inside a field at byte \(offset)"
    case .varintOutOfRange(let offset): "number out of range at byte \(offset)"
    case .badTag(let offset): "no valid field tag at byte \(offset)"
    case .wireTypeMismatch(let field, let offset): "field \(field) has the wrong wire type at byte \(offset)"
    case .notUTF8(let field, let offset): "field \(field) is not UTF-8 at byte \(offset)"
    case .tooDeep(let offset): "messages nested too deep at byte \(offset)"
    case .tooLarge(let bytes, let max): "message of \(bytes) bytes, at most \(max) are allowed"
    case .invalid(let reason): reason
    }
  }
}
