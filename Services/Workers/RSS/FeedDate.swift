/// A date as a document gives it, and the moment it was read as.
public struct FeedDate: Hashable, Sendable {
  /// The text, trimmed.
  public var text: String
  /// Microseconds since 1970-01-01T00:00:00Z; `nil` if the text is in no known form.
  public var microseconds: Int64?

  public init(text: String) {
    self.text = text
    microseconds = FeedDateParser.microseconds(text)
  }
}
