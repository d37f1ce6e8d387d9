/// The log of one node, shared by all its shards: segments that are written round by round, one sync a round.
///
/// `append` writes, `sync` makes durable; between the two nothing may be answered. One caller at a time.
struct NodeLog: Sendable {
  struct Options: Sendable {
    /// Bytes of a segment file.
    var segmentBytes = 64 << 20
    /// Recycled or prepared files kept for later.
    var sparesMax = 2
    /// Of the node, kept in its meta file: see `LogRecord`.
    var salt: UInt64 = 0

    func seed(_ sequence: UInt64) -> UInt64 { salt ^ sequence }
  }

  let disk: any Disk
  let directory: String
  let options: Options
  let shards: Int
  private(set) var segments: [LogSegment] = []
  private var spares: [String] = []
  private var nextSpare: UInt64 = 1
  private var hardStates: [UInt16: HardState] = [:]
  /// Where what is written and not yet synced begins; `nil` when everything is durable.
  private var roundOffset: Int?

  /// `LogRecovery` makes one of what it found.
  init(
    disk: any Disk, directory: String, options: Options, shards: Int, segments: [LogSegment], spares: [String],
    nextSpare: UInt64, hardStates: [UInt16: HardState]
  ) {
    self.disk = disk
    self.directory = directory
    self.options = options
    self.shards = shards
    self.segments = segments
    self.spares = spares
    self.nextSpare = nextSpare
    self.hardStates = hardStates
  }

  /// Bytes of all segments.
  var bytes: Int { segments.reduce(0) { $0 + $1.capacity } }
  var wantsSpare: Bool { spares.isEmpty }

  // MARK: Writing

  /// Writes records behind the last ones, in order. Durable after `sync`.
  mutating func append(_ records: [LogRecord]) throws(LogError) {
    var start = 0
    while start < records.count {
      if segments.isEmpty || segments[segments.count - 1].isSealed { try beginSegment() }
      let active = segments.count - 1
      let room = segments[active].capacity - segments[active].end - LogRecord.headerBytes
      var end = start
      var size = 0
      while end < records.count, size + records[end].encodedBytes <= room {
        size += records[end].encodedBytes
        end += 1
      }
      if end == start {
        if segments[active].lastIndexes.allSatisfy({ $0 == 0 }) {
          throw .recordTooLarge(bytes: records[start].encodedBytes, segmentBytes: segments[active].capacity)
        }
        try seal()
        continue
      }
      try write(Array(records[start..<end]))
      start = end
      // A round never spans two segments.
      if start < records.count { try seal() }
    }
  }

  private mutating func write(_ records: [LogRecord]) throws(LogError) {
    let active = segments.count - 1
    let segment = segments[active]
    let roundOffset = self.roundOffset ?? segment.end
    self.roundOffset = roundOffset
    var writer = ByteWriter(reserving: records.reduce(0) { $0 + $1.encodedBytes })
    for record in records {
      record.encode(into: &writer, seed: options.seed(segment.sequence), roundOffset: roundOffset)
      note(record)
    }
    do { try segment.file.write(writer.bytes, at: segment.end) } catch { throw .disk(error) }
    segments[active].end += writer.bytes.count
  }

  private mutating func note(_ record: LogRecord) {
    switch record.kind {
    case .entry: segments[segments.count - 1].lastIndexes[Int(record.shard)] = record.index
    case .hardState: hardStates[record.shard] = HardState(term: record.term, vote: record.index)
    case .endOfSegment: segments[segments.count - 1].isSealed = true
    }
  }

  /// Makes everything appended durable.
  mutating func sync() throws(LogError) {
    guard roundOffset != nil, let active = segments.last else { return }
    do { try active.file.sync() } catch { throw .disk(error) }
    roundOffset = nil
  }

  /// Ends the active segment. It is durable, end mark included, before the next one exists: a segment without end mark
  /// that is not the last one is damaged.
  private mutating func seal() throws(LogError) {
    try sync()
    try write([.endOfSegment])
    try sync()
  }

  private mutating func beginSegment() throws(LogError) {
    let sequence = (segments.last?.sequence ?? 0) + 1
    let path = "\(directory)/\(LogSegment.name(sequence))"
    do throws(DiskError) {
      if spares.isEmpty {
        spares.append(try NodeLog.makeSpare(disk, directory, nextSpareNumber(), options.segmentBytes))
      }
      let spare = spares.removeLast()
      try disk.rename(spare, to: path)
      try disk.syncDirectory(directory)
      let file = try disk.open(path, create: false)
      let capacity = try file.size()
      try file.write(LogSegment.header(sequence: sequence), at: 0)
      segments.append(
        LogSegment(
          sequence: sequence, path: path, file: file, capacity: capacity, end: LogSegment.headerBytes, isSealed: false,
          lastIndexes: Array(repeating: 0, count: shards)))
    } catch { throw .disk(error) }
    // The first round of a segment begins with the header.
    roundOffset = 0
    // Terms and votes of older segments are repeated, so that those may go.
    let states = hardStates.sorted { $0.key < $1.key }.map { LogRecord.hardState($0.value, shard: $0.key) }
    if !states.isEmpty { try write(states) }
  }

  // MARK: Recycling

  /// Takes out the oldest segments of which every shard has flushed all it has there. Their files are still to be
  /// recycled: `recycle`, then `addSpare`.
  mutating func detach(flushed: [UInt64]) -> [LogSegment] {
    // The newest segment repeats the hard states: until it is durable, the older ones hold them.
    guard roundOffset == nil else { return [] }
    var detached: [LogSegment] = []
    while segments.count > 1, zip(segments[0].lastIndexes, flushed).allSatisfy({ $0 <= $1 }) {
      detached.append(segments.removeFirst())
    }
    return detached
  }

  /// The shards whose unflushed entries keep the oldest segment.
  func pinning(flushed: [UInt64]) -> [Int] {
    guard segments.count > 1 else { return [] }
    return flushed.indices.filter { segments[0].lastIndexes[$0] > flushed[$0] }
  }

  mutating func nextSpareNumber() -> UInt64 {
    defer { nextSpare += 1 }
    return nextSpare
  }

  /// Whether a detached file should be kept.
  var hasRoomForSpare: Bool { spares.count < options.sparesMax }

  mutating func addSpare(_ path: String) { spares.append(path) }

  /// Turns a detached segment's file into a spare one, or removes it. Off the log's own thread: it takes a while.
  static func recycle(
    _ segment: LogSegment, asSpare number: UInt64?, disk: any Disk, directory: String
  ) throws(DiskError) -> String? {
    segment.file.close()
    var spare: String?
    if let number {
      let path = "\(directory)/\(LogSegment.spareName(number))"
      try disk.rename(segment.path, to: path)
      spare = path
    } else {
      try disk.remove(segment.path)
    }
    try disk.syncDirectory(directory)
    return spare
  }

  /// Makes a file full of zeros, so that later syncs write data alone and no metadata.
  static func makeSpare(
    _ disk: any Disk, _ directory: String, _ number: UInt64, _ bytes: Int
  ) throws(DiskError) -> String {
    let path = "\(directory)/\(LogSegment.spareName(number))"
    let file = try disk.open(path, create: true)
    defer { file.close() }
    let zeros = [UInt8](repeating: 0, count: min(bytes, 1 << 20))
    var offset = 0
    while offset < bytes {
      let count = min(zeros.count, bytes - offset)
      try file.write(count == zeros.count ? zeros : Array(zeros[..<count]), at: offset)
      offset += count
    }
    try file.sync()
    try disk.syncDirectory(directory)
    return path
  }

  func close() { for segment in segments { segment.file.close() } }
}
