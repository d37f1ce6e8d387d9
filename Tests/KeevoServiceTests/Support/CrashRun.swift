import KeevoClient
import Synchronization

@testable import KeevoService

/// A node that is crashed and restarted under random writes, and a model that tells what must be there afterwards.
///
/// Every sub-batch writes several rows that depend on each other, a shared counter and a *marker* that holds its stamp.
/// After a restart the markers tell which sub-batches took effect and in what order; replaying exactly those in a plain
/// dictionary must give exactly the rows of the store, and whatever was acknowledged must be among them.
struct CrashRun {
  struct Settings {
    var ignoresSync = false
    var lives = 3
    var writesPerLife = 24
    var shards = 2
  }

  /// What stands in for RocksDB.
  protocol States: AnyObject, Sendable {
    func open(_ directory: String) throws(StoreError) -> any StateStore
    /// Leaves behind what a crash now would leave, and forgets the open ones.
    func crash() throws
  }

  private struct Write {
    var shard: Int
    var command: Command
    var batch: SubBatch
    var attempts = 0
    var answer: Result<CommandResult, StoreError>?
  }

  final class Answers: Sendable {
    let all = Mutex<[(write: Int, answer: Result<CommandResult, StoreError>)]>([])
  }

  private let settings: Settings
  private let states: any States
  private var random: SeededRandom
  private var disk: CrashDisk
  private var writes: [Write] = []
  private var clock: UInt64 = 1_700_000_000_000
  private var partitions: [Partition] = []
  private(set) var violations: [String] = []
  private(set) var acknowledged = 0
  private(set) var recovered = 0

  init(seed: UInt64, settings: Settings = Settings(), states: any States) {
    self.settings = settings
    self.states = states
    random = SeededRandom(seed: seed)
    disk = CrashDisk(ignoresSync: settings.ignoresSync)
    for number in 0..<6 { partitions.append(Partition(app: UInt32(1 + number % 2), "p\(number)")) }
  }

  private var options: StoreNodeOptions {
    var options = StoreNodeOptions(dataDirectory: "/node")
    options.shards = settings.shards
    options.logSegmentBytes = 8 << 10
    options.logSegmentsBeforeFlush = 2
    options.applyThreads = 2
    options.mergedEntryBytesMax = 700
    return options
  }

  /// Lives through all crashes, then starts a last time in peace and checks.
  mutating func run() throws {
    for life in 0..<settings.lives {
      let calls = 6 + random.below(life == 0 ? 260 : 160)
      disk.losePower(afterCalls: calls)
      try live(writes: settings.writesPerLife)
      try states.crash()
      disk = disk.afterCrash(&random)
    }
    try live(writes: 0)
  }

  private func openNode(_ stages: SimulatedStages) throws(StoreError) -> StoreNode {
    let (states, now) = (states, clock)
    return try StoreNode(
      options,
      StoreNode.Environment(
        disk: disk, stages: stages, openState: { path throws(StoreError) in try states.open(path) },
        clock: { now }, salt: { 77 }))
  }

  private mutating func live(writes count: Int) throws {
    clock += UInt64(random.below(3_000))
    let stages = SimulatedStages(seed: random.next())
    let node: StoreNode
    do throws(StoreError) { node = try openNode(stages) } catch {
      // Only a loss of power may keep a node from starting.
      if disk.hasPower { violations.append("does not start: \(error)") }
      return
    }
    check(node)
    let answers = Answers()
    // What came out of the last life without an answer is sent again, and some of what was answered too.
    for position in writes.indices where writes[position].attempts < 4 {
      if isOpen(writes[position]) || random.chance(10) { submit(position, node, answers) }
    }
    for _ in 0..<count {
      writes.append(makeWrite(node))
      submit(writes.count - 1, node, answers)
      for _ in 0..<random.below(12) { _ = stages.step() }
      if random.chance(12) { stages.run(.maintenance) { node.maintain() } }
      if !disk.hasPower { break }
    }
    if disk.hasPower { stages.runAll() } else { for _ in 0..<random.below(20) { _ = stages.step() } }
    take(answers)
    if disk.hasPower { check(node) }
    for shard in node.shards { shard.close() }
  }

  private func isOpen(_ write: Write) -> Bool {
    if case .success = write.answer { return false }
    return true
  }

  private mutating func makeWrite(_ node: StoreNode) -> Write {
    let number = writes.count
    let partition = partitions[random.below(partitions.count)]
    let name = Array("k\(random.below(5))".utf8)
    let shared = RowKey(space: 0x61, rest: name)
    let twin = RowKey(rowClass: .jobs, space: 0x62, rest: name)
    let content = Array("\(number)-".utf8) + [UInt8](repeating: 0x2E, count: random.below(120))
    var batch = SubBatch(
      partition: partition,
      operations: [
        .put(Self.marker(number), value: [UInt8](repeating: 0, count: 8), valueStampAt: [0]),
        .put(shared, value: content),
        .put(twin, value: content),
        .add(RowKey(space: 0x63), delta: Int64(number + 1)),
      ])
    if random.chance(15) { batch.operations.append(.delete(shared)) }
    if random.chance(15) { batch.operations.append(.deleteRange(RowRange(rowClass: .jobs, space: 0x62))) }
    if random.chance(20) { batch.conditions.append(.absent(shared)) }
    if random.chance(20) { batch.conditions.append(.rangeEmpty(RowRange(rowClass: .jobs, space: 0x62))) }
    let identity = RequestIdentity(clientID: 1 + UInt64(number % 3), sequence: UInt64(number + 1), acknowledgedBelow: 0)
    return Write(
      shard: node.shard(of: partition),
      command: Command(identity: identity, traceID: [], body: .write([batch])), batch: batch)
  }

  private static func marker(_ number: Int) -> RowKey {
    RowKey(space: 0x7A, rest: [UInt8(number >> 8), UInt8(number & 0xFF)])
  }

  private mutating func submit(_ position: Int, _ node: StoreNode, _ answers: Answers) {
    writes[position].attempts += 1
    let write = writes[position]
    let proposal = Proposal(command: CommandEncoding.encode(write.command), ordinals: 1) { answer in
      answers.all.withLock { $0.append((position, answer)) }
    }
    do throws(StoreError) { try node.path.submit([(write.shard, proposal)]) } catch {
      answers.all.withLock { $0.append((position, .failure(error))) }
    }
  }

  private mutating func take(_ answers: Answers) {
    for (position, answer) in answers.all.withLock({ $0 }) {
      guard case .success = answer else { continue }
      if case .success(let before) = writes[position].answer {
        if case .success(let now) = answer, now != before {
          violations.append("write \(position) was answered \(before) first and \(now) later")
        }
        continue
      }
      acknowledged += 1
      writes[position].answer = answer
    }
  }

  // MARK: Check

  private struct Place: Hashable {
    var partition: Partition
    var key: RowKey
  }

  private mutating func check(_ node: StoreNode) {
    var stored: [Place: VersionedValue] = [:]
    do throws(StoreError) {
      for shard in node.shards {
        try shard.view().reader.scan(from: [1], to: [3], reverse: false) { key, value in
          guard let place = StoredKey.decode(key) else { return true }
          do throws(StoreError) {
            stored[Place(partition: place.partition, key: place.key)] = try StoredRow.decode(value)
          } catch { return false }
          return true
        }
      }
    } catch { violations.append("cannot be read: \(error)") }
    var effective: [(number: Int, stamp: Stamp)] = []
    for (number, write) in writes.enumerated() {
      let marker = stored[Place(partition: write.batch.partition, key: Self.marker(number))]
      if let marker { effective.append((number, marker.version)) }
      if case .success(.write(let results)) = write.answer {
        if results[0].applied, marker?.version != results[0].stamp {
          violations.append("write \(number) was acknowledged with stamp \(results[0].stamp) and is lost")
        }
        if !results[0].applied, marker != nil { violations.append("write \(number) was refused and took effect") }
      }
    }
    recovered = effective.count
    let model = replay(effective)
    if model != stored {
      let wrong = Set(model.keys).union(stored.keys).filter { model[$0] != stored[$0] }
      violations.append("\(wrong.count) rows differ from the model, one is \(wrong.first.map { "\($0)" } ?? "")")
    }
  }

  private func replay(_ effective: [(number: Int, stamp: Stamp)]) -> [Place: VersionedValue] {
    var rows: [Place: VersionedValue] = [:]
    // Stamps order within a shard; partitions of different shards share no rows.
    for (number, stamp) in effective.sorted(by: { $0.stamp < $1.stamp }) {
      let batch = writes[number].batch
      for operation in batch.operations {
        switch operation {
        case .put(let key, var value, _, let stamps):
          if !stamps.isEmpty {
            value = (0..<8).map { UInt8(truncatingIfNeeded: stamp.rawValue >> UInt64(56 - 8 * $0)) }
          }
          rows[Place(partition: batch.partition, key: key)] = VersionedValue(value: value, version: stamp)
        case .delete(let key): rows.removeValue(forKey: Place(partition: batch.partition, key: key))
        case .deleteRange(let range):
          for place in rows.keys
          where place.partition == batch.partition && place.key.space == range.space
            && place.key.rowClass == range.rowClass
          { rows.removeValue(forKey: place) }
        case .add(let key, let delta):
          let place = Place(partition: batch.partition, key: key)
          let old = (rows[place]?.value ?? []).reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
          let sum = old &+ UInt64(bitPattern: delta)
          rows[place] = VersionedValue(
            value: (0..<8).map { UInt8(truncatingIfNeeded: sum >> (8 * UInt64($0))) }, version: stamp)
        case .putIfAbsent: break
        }
      }
    }
    return rows
  }
}

/// States in memory, flushed now and then.
final class MemoryStates: CrashRun.States {
  private struct State {
    var kept: [String: MemoryState.Rows] = [:]
    var open: [String: MemoryState] = [:]
    var random: SeededRandom
  }
  private let state: Mutex<State>

  init(seed: UInt64) { state = Mutex(State(random: SeededRandom(seed: seed))) }

  func open(_ directory: String) throws(StoreError) -> any StateStore {
    state.withLock { state in
      let store = MemoryState(state.kept[directory] ?? .init(), flushEvery: [0, 3, 11][state.random.below(3)])
      state.open[directory] = store
      return store
    }
  }

  func crash() throws {
    state.withLock { state in
      for (directory, store) in state.open { state.kept[directory] = store.flushedRows }
      state.open = [:]
    }
  }
}
