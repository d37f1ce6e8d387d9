import Jobs
import KeevoClient
import Model

/// The way from an activity down to a reaction: where the reaction's rows lie, and on which others it depends (feeds R5).
///
/// A step names one *life* of a reaction: its epoch is the stamp of the batch that claimed its id, so that an id which
/// was deleted and is used again gets none of the old one's children.
struct ReactionPath: Hashable, Sendable {
  struct Step: Hashable, Sendable {
    var id: ActivityID
    /// Zero while it is still to be written.
    var epoch: Stamp
    var kind: [UInt8]
  }

  var activity: ActivityID
  /// From the reaction to the activity, level 1, down to the reaction itself; never empty.
  private(set) var steps: [Step]

  init(activity: ActivityID, above: [Step] = [], own: Step) {
    self.activity = activity
    steps = above + [own]
  }

  var own: Step { steps[steps.count - 1] }
  var id: ActivityID { own.id }
  var kind: [UInt8] { own.kind }
  var level: Int { steps.count }
  /// The reaction it is a child of.
  var parent: Step? { steps.count > 1 ? steps[steps.count - 2] : nil }

  var epoch: Stamp {
    get { own.epoch }
    set { steps[steps.count - 1].epoch = newValue }
  }

  /// Those it is below, the nearest first.
  var ancestors: [ReactionPath] {
    (1..<steps.count).reversed().map { ReactionPath(activity: activity, steps: Array(steps[..<$0])) }
  }

  private init(activity: ActivityID, steps: [Step]) {
    self.activity = activity
    self.steps = steps
  }

  /// In whose list it stands.
  var list: ReactionList {
    parent.map { ReactionList(id: $0.id, epoch: $0.epoch) } ?? ReactionList(id: activity, epoch: .zero)
  }

  /// The list of its own children.
  var children: ReactionList { ReactionList(id: id, epoch: epoch) }
}

extension ByteWriter {
  /// Appends a path; gives where its own epoch lies.
  @discardableResult
  mutating func path(_ path: ReactionPath) -> Int {
    activity(path.activity)
    integer(UInt8(path.steps.count))
    var at = 0
    for step in path.steps {
      activity(step.id)
      at = bytes.count
      integer(step.epoch.rawValue)
      short(step.kind)
    }
    return at
  }
}

extension ByteReader {
  mutating func path() throws(FormatError) -> ReactionPath {
    let activity = try activity()
    let count: UInt8 = try integer()
    guard count > 0 else { throw .malformed("a reaction's path without steps") }
    var steps: [ReactionPath.Step] = []
    for _ in 0..<count {
      let id = try self.activity()
      let epoch = Stamp(try integer())
      steps.append(.init(id: id, epoch: epoch, kind: try short()))
    }
    let own = steps.removeLast()
    return ReactionPath(activity: activity, above: steps, own: own)
  }
}
