/// A human-readable text of a document, without markup.
public struct FeedText: Hashable, Sendable {
  /// How the document wrote it.
  public enum Kind: String, Hashable, Sendable { case text, html, xhtml }

  /// Markup stripped, entities decoded, white space collapsed.
  public var plain: String
  public var kind: Kind
}
