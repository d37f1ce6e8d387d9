import Jobs
import KeevoClient
import Model

/// What is to become of an activity's record: planned on what the store has, written under its version.
struct ActivityPlan: Sendable {
  /// The record without its placements; `nil`: it goes.
  var record: ActivityRecord?
  /// Placements that stay, in the order in which `to` names them.
  var kept: [Placement]
  /// New ones.
  var placed: [Placement] = []
  /// Those that end.
  var gone: [Placement] = []
  /// Entries that the feed of a removal got by follows, and that feed.
  var hides: [EntryKey] = []
  var feed: [UInt8] = []
  /// The activity's actor: the author for the audit log where nobody is named, and whose activity it is.
  var actor = ""
  /// The foreign id of an activity that may be new: its hint is written again with its first rows.
  var foreignID = ""
  /// Further rows of the activity's partition that are written with the record, and what must hold for it; where it does
  /// not, all is planned anew.
  var conditions: [Condition] = []
  var operations: [Operation] = []
}

/// A record as a request has changed it.
struct ChangedActivity: Sendable {
  var id: ActivityID
  /// `nil`: it has gone.
  var record: ActivityRecord?
  var version: Stamp
  var placed: [Placement]
  var gone: [Placement]
  /// The jobs that spread new placements.
  var fanOuts: [FeedEngine.Committed]
  /// The job that hides and collects; its first part, where there are several.
  var garbage: JobRecord?
  /// What it brings into other partitions, with its job.
  var note: (note: ChangeNote, job: JobID)?
  /// Jobs that earlier requests left.
  var pending: [Row]

  var stored: StoredActivity? { record?.stored(id, version: version) }
}
