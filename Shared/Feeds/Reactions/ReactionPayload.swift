import Jobs
import KeevoClient
import Model

/// What a reaction job is to do. Format 1.
struct ReactionPayload: Hashable, Sendable {
  enum Task: UInt8, Sendable {
    /// Write the rows of a reaction whose id has been claimed; its epoch is the job's stamp.
    case add = 0
    /// Bring what follows from the record into step with it: target feeds, children.
    case settle = 1
    /// The same for a deleted one, and a day later collect its marks and its children.
    case purge = 2
  }

  var task: Task
  /// The record as it was made, changed or deleted.
  var record: ReactionRecord

  var encoded: [UInt8] {
    var out = ByteWriter()
    out.integer(UInt8(1))
    out.integer(task.rawValue)
    out.long(record.encoded)
    return out.bytes
  }

  init(task: Task, record: ReactionRecord) {
    self.task = task
    self.record = record
  }

  init(_ bytes: [UInt8]) throws(FormatError) {
    var reader = ByteReader(bytes)
    _ = try reader.format(1...1)
    let task: UInt8 = try reader.integer()
    guard let task = Task(rawValue: task) else { throw .malformed("task \(task) of a reaction") }
    self.task = task
    record = try ReactionRecord(try reader.long())
  }
}

/// How far a reaction job is. Format 1.
struct ReactionCursor: Hashable, Sendable {
  enum Stage: UInt8, Sendable {
    /// Target feeds and children are brought into step.
    case settle = 0
    /// A day has passed: all that is left is collected.
    case collect = 1
  }
  var stage: Stage = .settle

  var encoded: [UInt8] { [1, stage.rawValue] }

  init(stage: Stage = .settle) { self.stage = stage }

  /// An empty cursor is the beginning.
  init(_ bytes: [UInt8]) throws(FormatError) {
    if bytes.isEmpty { return }
    var reader = ByteReader(bytes)
    _ = try reader.format(1...1)
    let stage: UInt8 = try reader.integer()
    guard let stage = Stage(rawValue: stage) else { throw .malformed("stage \(stage) of a reaction job") }
    self.stage = stage
  }
}
