/// What an HTML page says of itself, as it stands there, in its order.
struct PageFacts: Hashable, Sendable {
  struct Property: Hashable, Sendable {
    /// `property` or `name` of a `meta`, in lower case.
    var name: String
    var content: String
  }
  struct Link: Hashable, Sendable {
    /// The words of `rel`, in lower case.
    var relations: [String]
    var address: String
  }

  var title: String?
  var properties: [Property] = []
  var links: [Link] = []
  /// `href` of the first `base`.
  var base: String?
  /// `src` of the first `img` that names a page of the web.
  var firstImage: String?
}
