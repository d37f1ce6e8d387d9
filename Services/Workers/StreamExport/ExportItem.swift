import Model

/// One thing that an export's line brings, checked; JSON as it stood there.
enum ExportItem: Equatable, Sendable {
  /// `former` is the id it had, `id` the one it has here (feeds T2).
  case activity(json: [UInt8], feed: FeedID, former: ActivityID?, id: ActivityID)
  case follow(source: FeedID, target: FeedID, copyLimit: Int?)
  case user(id: String, data: [UInt8])
  case object(collection: String, id: String, data: [UInt8], user: String?)
  case reaction(ExportReaction)

  enum Kind: String, CaseIterable, Sendable { case activities, follows, users, objects, reactions }

  var kind: Kind {
    switch self {
    case .activity: .activities
    case .follow: .follows
    case .user: .users
    case .object: .objects
    case .reaction: .reactions
    }
  }
}

/// A reaction of an export.
struct ExportReaction: Equatable, Sendable {
  var id: ActivityID
  var kind: String
  /// By its former id, or the one it has here; `nil` for a child.
  var activity: ActivityID?
  var parent: String?
  var user: String
  /// Members sent as they stood: `data`, `target_feeds`, `target_feeds_extra_data`.
  var others: [(name: String, json: [UInt8])]

  static func == (a: ExportReaction, b: ExportReaction) -> Bool {
    a.id == b.id && a.kind == b.kind && a.activity == b.activity && a.parent == b.parent && a.user == b.user
      && a.others.elementsEqual(b.others, by: { $0 == $1 })
  }
}
