/// Reads the log at start: cuts a torn tail, and refuses anything that was durable once and no longer checks.
struct LogRecovery {
  /// What the log holds of one shard.
  struct Shard: Sendable {
    var hardState = HardState(term: 0, vote: 0)
    /// Entries after the index the state has flushed, without gaps.
    var entries: [LogEntry] = []
    /// The last entry of all, flushed ones included; 0 if none.
    var lastIndex: UInt64 = 0
  }

  struct Result {
    var log: NodeLog
    var shards: [Shard]
    /// Bytes of torn records that were cut; 0 after an orderly stop.
    var tornBytes: Int
  }

  /// `flushed`: the index each shard's state has kept; entries up to it are skipped.
  static func open(
    disk: any Disk, directory: String, options: NodeLog.Options, flushed: [UInt64]
  ) throws(LogError) -> Result {
    var recovery = LogRecovery(disk: disk, directory: directory, options: options, flushed: flushed)
    do throws(DiskError) {
      try disk.makeDirectory(directory)
      try recovery.list()
    } catch { throw .disk(error) }
    for position in recovery.sequences.indices {
      try recovery.read(recovery.sequences[position], isLast: position == recovery.sequences.count - 1)
    }
    try recovery.checkGaps()
    try recovery.removeOddSpares()
    var hardStates: [UInt16: HardState] = [:]
    for (shard, found) in recovery.shards.enumerated() where found.hardState.term > 0 {
      hardStates[UInt16(shard)] = found.hardState
    }
    let log = NodeLog(
      disk: disk, directory: directory, options: options, shards: flushed.count, segments: recovery.segments,
      spares: recovery.spares.map(\.path), nextSpare: (recovery.spareNumbers.max() ?? 0) + 1, hardStates: hardStates)
    return Result(log: log, shards: recovery.shards, tornBytes: recovery.tornBytes)
  }

  private let disk: any Disk
  private let directory: String
  private let options: NodeLog.Options
  private let flushed: [UInt64]
  private var sequences: [UInt64] = []
  private var spareNumbers: [UInt64] = []
  private var spares: [(path: String, number: UInt64)] = []
  private var segments: [LogSegment] = []
  private var shards: [Shard]
  private var tornBytes = 0

  private init(disk: any Disk, directory: String, options: NodeLog.Options, flushed: [UInt64]) {
    self.disk = disk
    self.options = options
    self.directory = directory
    self.flushed = flushed
    shards = Array(repeating: Shard(), count: flushed.count)
  }

  private mutating func list() throws(DiskError) {
    for name in try disk.list(directory) {
      if let sequence = LogSegment.number(in: name, prefix: "log-") { sequences.append(sequence) }
      if let number = LogSegment.number(in: name, prefix: "spare-") {
        spareNumbers.append(number)
        spares.append(("\(directory)/\(name)", number))
      }
    }
    sequences.sort()
    spares.sort { $0.number < $1.number }
  }

  private mutating func read(_ sequence: UInt64, isLast: Bool) throws(LogError) {
    if let before = segments.last, before.sequence + 1 != sequence {
      throw .corrupt("segment \(before.sequence + 1) is missing between \(before.sequence) and \(sequence)")
    }
    let path = "\(directory)/\(LogSegment.name(sequence))"
    let bytes: [UInt8]
    let file: any DiskFile
    do throws(DiskError) {
      file = try disk.open(path, create: false)
      bytes = try file.read(at: 0, count: try file.size())
    } catch { throw .disk(error) }
    var segment = LogSegment(
      sequence: sequence, path: path, file: file, capacity: bytes.count, end: 0, isSealed: false,
      lastIndexes: Array(repeating: 0, count: flushed.count))
    if try LogSegment.checkHeader(bytes, sequence: sequence) {
      segment.end = LogSegment.headerBytes
      while !segment.isSealed, let found = try LogRecord.decode(bytes, at: segment.end, seed: options.seed(sequence)) {
        try take(found.record, &segment)
        segment.end = found.next
      }
    }
    if !segment.isSealed {
      guard isLast else {
        throw .corrupt("segment \(sequence) does not check at byte \(segment.end), and segment \(sequence + 1) follows")
      }
      try cutTail(of: &segment, bytes)
    }
    segments.append(segment)
  }

  private mutating func take(_ record: LogRecord, _ segment: inout LogSegment) throws(LogError) {
    let shard = Int(record.shard)
    guard shard < shards.count else {
      throw .corrupt("segment \(segment.sequence) holds a record of shard \(shard), there are \(shards.count)")
    }
    switch record.kind {
    case .endOfSegment: segment.isSealed = true
    case .hardState: shards[shard].hardState = HardState(term: record.term, vote: record.index)
    case .entry(let kind):
      segment.lastIndexes[shard] = record.index
      shards[shard].lastIndex = record.index
      // An entry takes the place of those a former leader had written from its index on.
      while let last = shards[shard].entries.last, last.index >= record.index { shards[shard].entries.removeLast() }
      if record.index > flushed[shard] {
        shards[shard].entries.append(
          LogEntry(term: record.term, index: record.index, kind: kind, payload: record.payload))
      }
    }
  }

  /// The first bytes that do not check are the end, unless a later round proves that they were durable once. What a torn
  /// round has left behind them is zeroed: it could otherwise be taken for the successor of what is written next.
  private mutating func cutTail(of segment: inout LogSegment, _ bytes: [UInt8]) throws(LogError) {
    let end = segment.end
    var place = max(end, LogSegment.headerBytes)
    var remains = end
    while place + LogRecord.headerBytes <= bytes.count {
      if isPlausible(bytes, at: place),
        let found = try LogRecord.decode(bytes, at: place, seed: options.seed(segment.sequence))
      {
        guard found.roundOffset <= end else {
          throw .corrupt(
            "segment \(segment.sequence) does not check at byte \(end), but a later round does at \(place)")
        }
        remains = found.next
        tornBytes += found.next - place
      }
      place += 8
    }
    do throws(DiskError) {
      if remains > end { try segment.file.write([UInt8](repeating: 0, count: remains - end), at: end) }
      if end == 0 {
        try segment.file.write(LogSegment.header(sequence: segment.sequence), at: 0)
        segment.end = LogSegment.headerBytes
      }
      // What was read may lie in the page cache alone; it is about to be applied.
      try segment.file.sync()
    } catch { throw .disk(error) }
  }

  /// Whether a header may stand there, by the bytes that are nearly the same in all of them. What a recycled file still holds from
  /// its earlier life would else be summed up at every eighth byte, over lengths that mean nothing.
  private func isPlausible(_ bytes: [UInt8], at place: Int) -> Bool {
    (1...4).contains(bytes[place + 14]) && bytes[place + 15] == LogRecord.format && bytes[place + 12] == 0
      && Int(bytes[place + 13]) < shards.count
      && bytes[(place + 16)..<(place + 20)].allSatisfy { $0 == 0 }
  }

  private func checkGaps() throws(LogError) {
    for (shard, found) in shards.enumerated() {
      var next = flushed[shard] + 1
      for entry in found.entries {
        guard entry.index == next else {
          throw .corrupt("shard \(shard) lacks entry \(next); the log goes on with \(entry.index)")
        }
        next += 1
      }
      if flushed[shard] > 0, found.hardState.term == 0 {
        throw .corrupt("shard \(shard) has kept entry \(flushed[shard]) in its state, but the log knows nothing of it")
      }
      if found.lastIndex > 0, found.lastIndex < flushed[shard] {
        throw .corrupt(
          "shard \(shard) ends with entry \(found.lastIndex), but its state has already kept \(flushed[shard])")
      }
    }
  }

  /// A spare file that a crash left short is of no use.
  private mutating func removeOddSpares() throws(LogError) {
    do throws(DiskError) {
      var good: [(path: String, number: UInt64)] = []
      for spare in spares {
        let file = try disk.open(spare.path, create: false)
        let size = try file.size()
        file.close()
        if size == options.segmentBytes, good.count < options.sparesMax {
          good.append(spare)
        } else {
          try disk.remove(spare.path)
        }
      }
      if good.count < spares.count { try disk.syncDirectory(directory) }
      spares = good
    } catch { throw .disk(error) }
  }
}
