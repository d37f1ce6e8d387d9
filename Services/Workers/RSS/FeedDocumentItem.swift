/// One entry of a feed document.
public struct FeedDocumentItem: Hashable, Sendable {
  /// `guid`, Atom `id`, `rdf:about`.
  public var guid: String?
  public var link: String?
  public var links: [FeedLink] = []
  public var title: FeedText?
  /// The summary, or where there is none the content.
  public var summary: FeedText?
  /// The address of the first enclosure.
  public var enclosure: String?
  public var published: FeedDate?
  public var updated: FeedDate?
  public var created: FeedDate?
  /// Atom `source`: the feed this entry was taken from.
  public var source: FeedDocumentHeader?

  public init() {}

  /// When the entry was published: the first of `published`, `created`, `updated` that could be read.
  public var time: Int64? { published?.microseconds ?? created?.microseconds ?? updated?.microseconds }
}
