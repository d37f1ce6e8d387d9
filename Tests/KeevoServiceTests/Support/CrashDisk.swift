import Synchronization

@testable import KeevoService

/// A disk in memory that can lose its power at any call. What was not synced is then kept, lost or torn, sector by
/// sector, in any order; names that were not synced are kept up to some change.
final class CrashDisk: Disk {
  fileprivate struct Content {
    var current: [UInt8] = []
    var durable: [UInt8] = []
    var unsynced: [(offset: Int, bytes: [UInt8])] = []
  }

  fileprivate enum NameChange {
    case set(String, Int)
    case removed(String)
  }

  fileprivate struct State {
    var contents: [Int: Content] = [:]
    var names: [String: Int] = [:]
    var durableNames: [String: Int] = [:]
    var nameChanges: [NameChange] = []
    var directories: Set<String> = []
    var nextContent = 1
    var locks: Set<String> = []
    /// Calls that still succeed.
    var callsLeft: Int
    var calls = 0
  }

  static let sectorBytes = 512

  /// Whether `sync` is left out: the control that a durability test must not survive.
  let ignoresSync: Bool
  fileprivate let state: Mutex<State>

  init(ignoresSync: Bool = false, callsUntilPowerIsLost: Int = .max) {
    self.ignoresSync = ignoresSync
    state = Mutex(State(callsLeft: callsUntilPowerIsLost))
  }

  private init(_ old: CrashDisk, survivors: State) {
    ignoresSync = old.ignoresSync
    state = Mutex(survivors)
  }

  /// From now on, so many calls succeed.
  func losePower(afterCalls calls: Int) { state.withLock { $0.callsLeft = calls } }
  var hasPower: Bool { state.withLock { $0.callsLeft > 0 } }
  var calls: Int { state.withLock { $0.calls } }

  /// The disk after a crash, with power.
  func afterCrash(_ random: inout SeededRandom) -> CrashDisk {
    // `inout` cannot be captured by the lock's closure.
    var own = random
    let survivors = state.withLock { state -> State in
      var left = State(callsLeft: .max)
      left.nextContent = state.nextContent
      left.directories = state.directories
      var names = state.durableNames
      let kept = own.below(state.nameChanges.count + 1)
      for change in state.nameChanges[..<kept] { CrashDisk.apply(change, &names) }
      left.names = names
      left.durableNames = names
      let keepPercent = [0, 20, 50, 80, 100][own.below(5)]
      for id in Set(names.values).sorted() {
        guard let content = state.contents[id] else { continue }
        var bytes = content.durable
        for write in content.unsynced { CrashDisk.tear(write, &bytes, keepPercent, &own) }
        left.contents[id] = Content(current: bytes, durable: bytes)
      }
      return left
    }
    random = own
    return CrashDisk(self, survivors: survivors)
  }

  private static func tear(
    _ write: (offset: Int, bytes: [UInt8]), _ bytes: inout [UInt8], _ keepPercent: Int, _ random: inout SeededRandom
  ) {
    var position = 0
    while position < write.bytes.count {
      let place = write.offset + position
      let count = min(sectorBytes - place % sectorBytes, write.bytes.count - position)
      if random.chance(keepPercent) {
        // Mostly whole sectors; now and then even one of those is torn.
        let kept = random.chance(10) ? random.below(count + 1) : count
        if bytes.count < place + kept { bytes += [UInt8](repeating: 0, count: place + kept - bytes.count) }
        for index in 0..<kept { bytes[place + index] = write.bytes[position + index] }
      }
      position += count
    }
  }

  fileprivate static func apply(_ change: NameChange, _ names: inout [String: Int]) {
    switch change {
    case .set(let name, let id): names[name] = id
    case .removed(let name): names.removeValue(forKey: name)
    }
  }

  fileprivate func call<Value>(
    _ operation: String, _ path: String, _ body: (inout State) -> Value?
  ) throws(DiskError) -> Value {
    let outcome = state.withLock { state -> Result<Value, DiskError> in
      guard state.callsLeft > 0 else {
        return .failure(DiskError(operation: operation, path: path, reason: "the power is gone"))
      }
      state.callsLeft -= 1
      state.calls += 1
      guard let value = body(&state) else {
        return .failure(DiskError(operation: operation, path: path, reason: "no such file"))
      }
      return .success(value)
    }
    return try outcome.get()
  }

  // MARK: Disk

  func list(_ directory: String) throws(DiskError) -> [String] {
    try call("list", directory) { state in
      let inside = Array(state.names.keys) + Array(state.directories)
      return inside.filter { $0.hasPrefix(directory + "/") && !$0.dropFirst(directory.count + 1).contains("/") }
        .map { String($0.dropFirst(directory.count + 1)) }
    }
  }

  func makeDirectory(_ path: String) throws(DiskError) {
    try call("make directory", path) { state -> Void? in
      state.directories.insert(path)
      return ()
    }
  }

  func open(_ path: String, create: Bool) throws(DiskError) -> any DiskFile {
    let id: Int = try call("open", path) { state in
      if let id = state.names[path] { return id }
      guard create else { return nil }
      let id = state.nextContent
      state.nextContent += 1
      state.contents[id] = Content()
      state.names[path] = id
      state.nameChanges.append(.set(path, id))
      return id
    }
    return CrashFile(disk: self, id: id, path: path)
  }

  func rename(_ from: String, to: String) throws(DiskError) {
    try call("rename", from) { state -> Void? in
      guard let id = state.names.removeValue(forKey: from) else { return nil }
      state.names[to] = id
      state.nameChanges += [.removed(from), .set(to, id)]
      return ()
    }
  }

  func remove(_ path: String) throws(DiskError) {
    try call("remove", path) { state -> Void? in
      guard state.names.removeValue(forKey: path) != nil else { return nil }
      state.nameChanges.append(.removed(path))
      return ()
    }
  }

  func syncDirectory(_ path: String) throws(DiskError) {
    try call("sync directory", path) { state -> Void? in
      if self.ignoresSync { return () }
      for change in state.nameChanges { CrashDisk.apply(change, &state.durableNames) }
      state.nameChanges.removeAll()
      return ()
    }
  }

  func lock(_ path: String) throws(DiskError) -> any DiskLock {
    let fresh: Bool = try call("lock", path) { $0.locks.insert(path).inserted }
    guard fresh else { throw DiskError(operation: "lock", path: path, reason: "held by another running node") }
    return CrashLock(disk: self, path: path)
  }

  /// A file's bytes as they are now, for tests that damage them.
  func bytes(_ path: String) -> [UInt8] {
    state.withLock { state in state.names[path].flatMap { state.contents[$0]?.current } ?? [] }
  }

  func overwrite(_ path: String, _ bytes: [UInt8]) {
    state.withLock { state in
      if let id = state.names[path] { state.contents[id] = Content(current: bytes, durable: bytes) }
    }
  }

  /// A copy that shares nothing, with power.
  func copy() -> CrashDisk {
    let own = state.withLock { $0 }
    var left = own
    left.callsLeft = .max
    left.locks = []
    return CrashDisk(self, survivors: left)
  }
}

private final class CrashLock: DiskLock {
  private let disk: CrashDisk
  private let path: String
  init(disk: CrashDisk, path: String) {
    self.disk = disk
    self.path = path
  }
  deinit { disk.state.withLock { state in _ = state.locks.remove(path) } }
}

private final class CrashFile: DiskFile {
  private let disk: CrashDisk
  private let id: Int
  private let path: String

  init(disk: CrashDisk, id: Int, path: String) {
    self.disk = disk
    self.id = id
    self.path = path
  }

  func size() throws(DiskError) -> Int { try disk.call("measure", path) { $0.contents[id]?.current.count } }

  func read(at offset: Int, count: Int) throws(DiskError) -> [UInt8] {
    try disk.call("read", path) { state in
      guard let content = state.contents[id], offset + count <= content.current.count else { return nil }
      return Array(content.current[offset..<(offset + count)])
    }
  }

  func write(_ bytes: [UInt8], at offset: Int) throws(DiskError) {
    try disk.call("write", path) { state -> Void? in
      guard var content = state.contents.removeValue(forKey: id) else { return nil }
      let end = offset + bytes.count
      if content.current.count < end {
        content.current += [UInt8](repeating: 0, count: end - content.current.count)
      }
      content.current.replaceSubrange(offset..<end, with: bytes)
      content.unsynced.append((offset, bytes))
      state.contents[id] = content
      return ()
    }
  }

  func sync() throws(DiskError) {
    try disk.call("fdatasync", path) { state -> Void? in
      guard var content = state.contents.removeValue(forKey: id) else { return nil }
      if !disk.ignoresSync {
        content.durable = content.current
        content.unsynced.removeAll()
      }
      state.contents[id] = content
      return ()
    }
  }

  func close() {}
}
