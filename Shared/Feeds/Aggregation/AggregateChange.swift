import KeevoClient
import Model

/// A change of what an aggregated feed holds of one activity (B15). Each may be made any number of times.
enum AggregateChange: Sendable {
  /// The activity comes by a citation; its first one makes it a member of the group.
  case enter(Entering)
  /// A placement has gone, and with it all that cites it. A mark may stay, so that nothing cites it late.
  case leave(ActivityID, AggregateMark, leavesMark: Bool = true)
  /// What came by an ended relation and arrived after `last` goes (B9).
  case endRelation(ActivityID, via: UInt64, edge: Stamp, last: Stamp, keepsHides: Bool)
  /// The feed's own removal hides these citations.
  case hide(ActivityID, [EntrySet.Hidden])
  /// The activity's body has changed; members take the actor from newer versions only.
  case renew(ActivityID, actor: GroupHash, version: Stamp)
  /// The marks of gone placements are no longer needed: no late writer is left (B15).
  case forget(ActivityID, AggregateMark)
  /// The activity belongs to another group by a new format (feeds J1a).
  case regroup(ActivityID, group: GroupHash, key: String)

  struct Entering: Sendable {
    var id: ActivityID
    var citation: Citation
    var group: GroupHash
    var key: String
    /// The format that gave the key.
    var format: UInt64
    var actor: GroupHash
    /// The version of the activity's record that all this is from.
    var version: Stamp
  }

  var id: ActivityID {
    switch self {
    case .enter(let entering): entering.id
    case .leave(let id, _, _), .endRelation(let id, _, _, _, _), .hide(let id, _), .renew(let id, _, _),
      .forget(let id, _),
      .regroup(let id, _, _):
      id
    }
  }
}

typealias AggregateMark = EntrySet.Gone

/// What an aggregated feed's group says of how its feeds aggregate.
struct AggregateRules: Hashable, Sendable {
  var isNotification: Bool
  /// Members in a header's head (feeds L17).
  var headMax: Int
  /// Whether a change of format regroups what is there (feeds J1a).
  var reaggregates: Bool

  init(_ group: FeedGroup) {
    isNotification = group.kind == .notification
    headMax = min(100, max(1, group.activitiesPerGroupMax))
    reaggregates = group.reaggregate
  }
}
