/// A job's row (B17): what is to be done, how far it is, and who holds it. Format 1.
public struct JobRecord: Hashable, Sendable {
  public var kind: JobKind
  /// Who works on it; 0: nobody.
  public var holder: UInt64
  /// Grows with every change of holder.
  public var term: UInt32
  /// Changed by every renewal, so that others see the row move.
  public var beat: UInt32
  /// Failed attempts since the last progress.
  public var attempts: UInt16
  /// Not to be taken earlier, milliseconds since 1970; 0: at once.
  public var wakeAtMilliseconds: UInt64
  public var madeAtMilliseconds: UInt64
  /// The request that made it: sixteen bytes, or none (B22).
  public var traceID: [UInt8]
  /// What is to be done; never changes.
  public var payload: [UInt8]
  /// How far it is; empty at first.
  public var cursor: [UInt8]
  /// What went wrong last, for people.
  public var lastError: String

  public static let lastErrorBytesMax = 500

  public init(
    kind: JobKind, holder: UInt64 = 0, madeAtMilliseconds: UInt64, traceID: [UInt8] = [], payload: [UInt8]
  ) {
    self.kind = kind
    self.holder = holder
    term = holder == 0 ? 0 : 1
    beat = 0
    attempts = 0
    wakeAtMilliseconds = 0
    self.madeAtMilliseconds = madeAtMilliseconds
    self.traceID = traceID
    self.payload = payload
    cursor = []
    lastError = ""
  }

  public func encoded() -> [UInt8] {
    var out = ByteWriter()
    out.integer(UInt8(1))
    out.integer(kind.rawValue)
    out.integer(holder)
    out.integer(term)
    out.integer(beat)
    out.integer(attempts)
    out.integer(wakeAtMilliseconds)
    out.integer(madeAtMilliseconds)
    out.short(traceID)
    out.long(payload)
    out.long(cursor)
    out.short(lastError.utf8.prefix(Self.lastErrorBytesMax))
    return out.bytes
  }

  public init(_ bytes: [UInt8]) throws(FormatError) {
    var reader = ByteReader(bytes)
    _ = try reader.format(1...1)
    kind = JobKind(rawValue: try reader.integer())
    holder = try reader.integer()
    term = try reader.integer()
    beat = try reader.integer()
    attempts = try reader.integer()
    wakeAtMilliseconds = try reader.integer()
    madeAtMilliseconds = try reader.integer()
    traceID = try reader.short()
    payload = try reader.long()
    cursor = try reader.long()
    lastError = String(decoding: try reader.short(), as: UTF8.self)
  }
}
