import KeevoClient

extension Stamp {
  /// The log index it was filled in at.
  var index: UInt64 { rawValue >> 16 & 0xFF_FFFF_FFFF }
}
