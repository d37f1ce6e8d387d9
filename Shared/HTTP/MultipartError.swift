/// What is wrong with a form, in words for its sender.
public enum MultipartError: Error, Hashable, Sendable, CustomStringConvertible {
  /// The header `Content-Type` does not say `multipart/form-data` with a boundary.
  case notMultipart
  /// The body, at this byte, is not what RFC 2046 and RFC 7578 ask for.
  case malformed(offset: Int, reason: String)
  case tooManyParts(limit: Int)
  case partHeadersTooLarge(limit: Int)

  public var description: String {
    switch self {
    case .notMultipart: "the request must be multipart/form-data with a boundary"
    case .malformed(let offset, let reason): "the form is malformed at byte \(offset): \(reason)"
    case .tooManyParts(let limit): "the form has more than \(limit) parts"
    case .partHeadersTooLarge(let limit): "the header fields of a part have more than \(limit) bytes"
    }
  }
}
