import Synchronization

/// Compresses bodies, with states that wait to be used again: one for each thread that compresses at once.
final class BodyCompressor: Sendable {
  /// States kept of each coding.
  static let idleMax = 16

  private struct Idle {
    var gzip: [GzipCompressor] = []
    var zstd: [ZstdCompressor] = []
  }

  private let idle = Mutex(Idle())

  /// The body in that coding; `nil` if it would not be smaller, or there is no memory.
  func compress(_ body: [UInt8], _ coding: ContentCoding) -> [UInt8]? {
    switch coding {
    case .gzip:
      guard let state = idle.withLock({ $0.gzip.popLast() }) ?? GzipCompressor() else { return nil }
      defer { idle.withLock { if $0.gzip.count < Self.idleMax { $0.gzip.append(state) } } }
      return state.compress(body)
    case .zstd:
      guard let state = idle.withLock({ $0.zstd.popLast() }) ?? ZstdCompressor() else { return nil }
      defer { idle.withLock { if $0.zstd.count < Self.idleMax { $0.zstd.append(state) } } }
      return state.compress(body)
    }
  }
}
