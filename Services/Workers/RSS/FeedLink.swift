/// A link of a feed or of an entry.
public struct FeedLink: Hashable, Sendable {
  /// The address, resolved against the base of its element where that has one.
  public var address: String
  /// The relation; `alternate` where the document names none (RFC 4287 §4.2.7.2).
  public var relation: String
  /// The media type given; empty without one.
  public var type: String
}
