import KeevoClient
import Synchronization

@testable import KeevoService

/// The real RocksDB under a crash: each crash leaves a checkpoint of what was flushed, which the next life opens.
final class RocksStates: CrashRun.States {
  private struct State {
    var life = 0
    var open: [String: RocksState] = [:]
  }
  private let root: TemporaryDirectory
  private let shared = RocksShared(
    RocksOptions(blockCacheBytes: 1 << 20, writeBufferBytes: 1 << 20))
  private let state = Mutex(State())

  init() throws { root = try TemporaryDirectory() }

  private func place(_ directory: String, _ life: Int) -> String {
    "\(root.path)/\(life)-\(directory.replacing("/", with: "_"))"
  }

  func open(_ directory: String) throws(StoreError) -> any StateStore {
    let life = state.withLock { $0.life }
    let store = try RocksState(path: place(directory, life), shared: shared)
    state.withLock { $0.open[directory] = store }
    return store
  }

  func crash() throws {
    let (open, life) = state.withLock { state in
      defer {
        state.life += 1
        state.open = [:]
      }
      return (state.open, state.life)
    }
    for (directory, store) in open { try store.checkpoint(to: place(directory, life + 1)) }
  }
}
