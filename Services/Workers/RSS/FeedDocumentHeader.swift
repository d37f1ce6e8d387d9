/// What a document says of its feed as a whole.
public struct FeedDocumentHeader: Hashable, Sendable {
  /// Atom `id`, `rdf:about`.
  public var id: String?
  public var title: FeedText?
  /// The page the feed belongs to.
  public var link: String?
  public var links: [FeedLink] = []
  public var published: FeedDate?
  public var updated: FeedDate?
  public var created: FeedDate?

  public init() {}
}
