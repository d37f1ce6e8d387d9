import Model

/// Which feed groups this process has seen in use, and which of them PostgreSQL has yet to hear of.
struct GroupsInUse {
  /// A feed group by app.
  struct Name: Hashable, Sendable {
    var app: AppID
    var slug: String
  }

  private var seen: Set<Name> = []
  private(set) var unreported: Set<Name> = []

  /// Whether this is news.
  mutating func note(app: AppID, slug: String) -> Bool {
    let name = Name(app: app, slug: slug)
    guard seen.insert(name).inserted else { return false }
    unreported.insert(name)
    return true
  }

  mutating func reported(_ name: Name) { unreported.remove(name) }
}
