import Jobs
import KeevoClient
import Model

/// The row in the partition of a reaction's own id: it claims the id, tells where the record lies, and whether children may
/// be added. Format 1.
struct ReactionLocator: Hashable, Sendable {
  enum State: UInt8, Sendable {
    /// It takes children.
    case open = 0
    /// It, or one above it, is soft-deleted.
    case closed = 1
    /// It is deleted; the id may be used again.
    case gone = 2
  }

  var state: State
  /// The version of the record from which the state was taken: only a later one changes it.
  var order: Stamp
  var path: ReactionPath

  /// The bytes, and where the store writes its stamp: the epoch of a new life.
  func encoded() -> (bytes: [UInt8], stampAt: [Int]) {
    var out = ByteWriter()
    out.integer(UInt8(1))
    out.integer(state.rawValue)
    out.integer(order.rawValue)
    let at = out.path(path)
    return (out.bytes, path.epoch == .zero ? [at] : [])
  }

  init(state: State = .open, order: Stamp = .zero, path: ReactionPath) {
    self.state = state
    self.order = order
    self.path = path
  }

  init(_ bytes: [UInt8]) throws(FormatError) {
    var reader = ByteReader(bytes)
    _ = try reader.format(1...1)
    let state: UInt8 = try reader.integer()
    guard let state = State(rawValue: state) else { throw .malformed("state \(state) of a reaction's locator") }
    self.state = state
    order = Stamp(try reader.integer())
    path = try reader.path()
  }

  static func decode(_ row: VersionedValue?) throws(StoreError) -> ReactionLocator? {
    guard let row else { return nil }
    do { return try ReactionLocator(row.value) } catch { throw .unknownFormat("a reaction's locator: \(error)") }
  }
}
