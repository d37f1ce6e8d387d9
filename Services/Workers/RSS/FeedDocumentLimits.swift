/// Bounds of what a feed document may ask of its reader (insight E5); past them: a typed error.
public struct FeedDocumentLimits: Hashable, Sendable {
  /// Bytes of the document as received (after gzip).
  public var bytesMax: Int
  /// Entries of the document.
  public var itemsMax: Int
  /// Outlines of a list (OPML).
  public var outlinesMax = 1_000
  /// Bytes that a document's own entities may add to it in all.
  public var entityExpansionBytesMax: Int

  public init(bytesMax: Int = 5 << 20, itemsMax: Int = 1_000, entityExpansionBytesMax: Int = 64 << 10) {
    precondition(bytesMax > 0 && itemsMax > 0 && entityExpansionBytesMax >= 0)
    self.bytesMax = bytesMax
    self.itemsMax = itemsMax
    self.entityExpansionBytesMax = entityExpansionBytesMax
  }
}
