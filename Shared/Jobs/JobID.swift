import KeevoClient

/// Where a job's row lies: in the partition of what it serves, class *jobs*, under the stamp of the sub-batch that made it
/// and its number among the jobs of that sub-batch.
public struct JobID: Hashable, Sendable {
  public static let space = UInt8(ascii: "j")
  /// Jobs that failed too often lie beside, until an operator replays or deletes them.
  public static let deadSpace = UInt8(ascii: "k")

  public var partition: Partition
  public var rest: [UInt8]

  public init(partition: Partition, rest: [UInt8]) {
    self.partition = partition
    self.rest = rest
  }

  /// The job that a sub-batch with this stamp made as its `number`-th.
  public init(partition: Partition, stamp: Stamp, number: UInt8 = 0) {
    var out = ByteWriter()
    out.integer(stamp.rawValue)
    out.integer(number)
    self.init(partition: partition, rest: out.bytes)
  }

  public var key: RowKey { RowKey(rowClass: .jobs, space: Self.space, rest: rest) }

  /// The stamp of the sub-batch that made the job.
  public var stamp: Stamp { Stamp(rest.prefix(8).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }) }

  /// The operation that makes a job as the `number`-th of its sub-batch.
  public static func make(_ record: JobRecord, number: UInt8 = 0) -> Operation {
    .put(
      RowKey(rowClass: .jobs, space: space, rest: [UInt8](repeating: 0, count: 8) + [number]), value: record.encoded(),
      keyStampAt: [0])
  }

  /// All jobs of a partition.
  public static let range = RowRange(rowClass: .jobs, space: space)
}
