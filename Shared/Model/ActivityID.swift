/// The id of an activity or reaction: a UUID of version 1 form whose order is that of time (feeds T1, T2).
///
/// `ticks` are the 60 bits of the UUID timestamp: 100 ns since 1582-10-15. `low` are the last eight bytes as an
/// unsigned number: two variant bits (`10` in ids we make), then 62 bits that tell ids of one microsecond apart.
public struct ActivityID: Hashable, Comparable, Sendable {
  public let ticks: UInt64
  public let low: UInt64
  /// The four version bits; 1 in ids we make. Ids of other versions are accepted and compared by the same bits.
  public let version: UInt8

  public init(ticks: UInt64, low: UInt64, version: UInt8 = 1) {
    self.ticks = ticks & 0x0FFF_FFFF_FFFF_FFFF
    self.low = low
    self.version = version & 0xF
  }

  public static func < (a: ActivityID, b: ActivityID) -> Bool {
    if a.ticks != b.ticks { return a.ticks < b.ticks }
    if a.low != b.low { return a.low < b.low }
    return a.version < b.version
  }

  /// The 16 bytes in the order of the UUID's text.
  public var bytes: [UInt8] {
    let timeLow = UInt32(truncatingIfNeeded: ticks)
    let timeMid = UInt16(truncatingIfNeeded: ticks >> 32)
    let timeHigh = UInt16(truncatingIfNeeded: ticks >> 48) & 0x0FFF | UInt16(version) << 12
    var out: [UInt8] = []
    out.reserveCapacity(16)
    for shift in stride(from: 24, through: 0, by: -8) {
      out.append(UInt8(truncatingIfNeeded: timeLow >> UInt32(shift)))
    }
    out.append(UInt8(truncatingIfNeeded: timeMid >> 8))
    out.append(UInt8(truncatingIfNeeded: timeMid))
    out.append(UInt8(truncatingIfNeeded: timeHigh >> 8))
    out.append(UInt8(truncatingIfNeeded: timeHigh))
    for shift in stride(from: 56, through: 0, by: -8) { out.append(UInt8(truncatingIfNeeded: low >> UInt64(shift))) }
    return out
  }
}
