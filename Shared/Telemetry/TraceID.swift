import Synchronization

/// Names what one request sets off, in every service: sixteen bytes, never all zero (W3C Trace Context, section 3.2.2.3).
///
/// A service that takes up a request sets `current` for the time it works on it; log lines then carry it as `trace`, and
/// calls of other services as the header `traceparent` (B22).
public struct TraceID: Hashable, Sendable, CustomStringConvertible {
  public let high: UInt64
  public let low: UInt64

  /// What the current task works for, if it is known.
  @TaskLocal public static var current: TraceID?

  /// Not all zero: the callers see to that.
  private init(high: UInt64, low: UInt64) {
    self.high = high
    self.low = low
  }

  public static func random() -> TraceID {
    var generator = SystemRandomNumberGenerator()
    return TraceID(high: generator.next(), low: generator.next() | 1)
  }

  // MARK: Sixteen bytes

  /// `nil` if there are not sixteen, or all are zero.
  public init?(bytes: [UInt8]) {
    guard bytes.count == 16, bytes.contains(where: { $0 != 0 }) else { return nil }
    self.init(
      high: bytes[..<8].reduce(0) { $0 << 8 | UInt64($1) }, low: bytes[8...].reduce(0) { $0 << 8 | UInt64($1) })
  }

  public var bytes: [UInt8] {
    [high, low].flatMap { half in (0..<8).map { UInt8(truncatingIfNeeded: half >> UInt64(56 - 8 * $0)) } }
  }

  // MARK: The header `traceparent`

  /// Reads `00-<32 hex digits>-<16 hex digits>-<2 hex digits>` (W3C Trace Context, section 3.2); versions above 00 may have
  /// more after that. `nil` if it has not that form.
  public init?(traceparent: String) {
    let text = Array(traceparent.utf8.prefix(56))
    let dash = UInt8(ascii: "-")
    guard text.count >= 55, text[2] == dash, text[35] == dash, text[52] == dash,
      let version = Self.number(text[0..<2]), version != 0xFF,
      text.count == 55 || (version != 0 && text[55] == dash), let high = Self.number(text[3..<19]),
      let low = Self.number(text[19..<35]), let parent = Self.number(text[36..<52]), parent != 0,
      Self.number(text[53..<55]) != nil, high | low != 0
    else { return nil }
    self.init(high: high, low: low)
  }

  /// The header for a call that this process makes for it; each has a number of its own as parent.
  public var traceparent: String {
    let parent = Self.parents.add(1, ordering: .relaxed).newValue
    var text: [UInt8] = []
    text.reserveCapacity(55)
    text += "00-".utf8
    Self.append(high, to: &text)
    Self.append(low, to: &text)
    text.append(UInt8(ascii: "-"))
    Self.append(parent == 0 ? 1 : parent, to: &text)
    text += "-01".utf8
    return String(decoding: text, as: UTF8.self)
  }

  private static let parents = Atomic<UInt64>(.random(in: 1 ... .max))

  private static func append(_ number: UInt64, to text: inout [UInt8]) {
    for shift in stride(from: 60, through: 0, by: -4) { text.append(digit(UInt8(number >> UInt64(shift) & 0xF))) }
  }

  private static func digit(_ value: UInt8) -> UInt8 { value < 10 ? 0x30 + value : 0x57 + value }

  /// Lower-case hexadecimal digits only, as the standard wants.
  private static func number(_ digits: ArraySlice<UInt8>) -> UInt64? {
    var number: UInt64 = 0
    for digit in digits {
      switch digit {
      case 0x30...0x39: number = number << 4 | UInt64(digit - 0x30)
      case 0x61...0x66: number = number << 4 | UInt64(digit - 0x57)
      default: return nil
      }
    }
    return number
  }

  /// 32 hexadecimal digits.
  public var description: String {
    var text: [UInt8] = []
    Self.append(high, to: &text)
    Self.append(low, to: &text)
    return String(decoding: text, as: UTF8.self)
  }
}
