/// The form in which a page of a feed is given (feeds C12b).
enum PageFormat: String, Hashable, Sendable, CaseIterable {
  case json
  case activityStreams = "as2"
  case atom
  case jsonFeed = "jsonfeed"

  var contentType: String {
    switch self {
    case .json: "application/json; charset=utf-8"
    case .activityStreams: "application/activity+json; charset=utf-8"
    case .atom: "application/atom+xml; charset=utf-8"
    case .jsonFeed: "application/feed+json; charset=utf-8"
    }
  }

  /// Splits a feed id from `.as2`, `.atom` or `.jsonfeed` after it; feed ids themselves hold no dot (feeds L23).
  static func split(_ id: String) -> (id: String, format: PageFormat?) {
    guard let dot = id.lastIndex(of: "."), let format = PageFormat(rawValue: String(id[id.index(after: dot)...])),
      format != .json
    else { return (id, nil) }
    return (String(id[..<dot]), format)
  }

  /// The first format that an `Accept` header names; plain JSON if it names none of these.
  static func preferred(_ accept: String?) -> PageFormat {
    guard let accept, accept.contains("+") else { return .json }
    for range in accept.split(separator: ",") {
      let parts = range.split(separator: ";").map { $0.filter { !$0.isWhitespace }.lowercased() }
      if parts.dropFirst().contains(where: { $0 == "q=0" || $0 == "q=0.0" }) { continue }
      switch parts.first {
      case "application/activity+json": return .activityStreams
      case "application/atom+xml": return .atom
      case "application/feed+json": return .jsonFeed
      case "application/json", "application/*", "*/*": return .json
      default: continue
      }
    }
    return .json
  }
}
