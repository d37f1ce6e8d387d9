import Glibc

/// Random numbers that depend on nothing but their seed: SplitMix64 (Steele, Lea, Flood, 2014). A draw is seeded by the
/// request or session, the activity and the place in the expression, so that order of scoring does not matter (feeds K8).
struct RankingRandom: RandomNumberGenerator {
  private var state: UInt64

  init(seed: UInt64, _ parts: UInt64...) {
    state = seed
    for part in parts { state = next() ^ part }
  }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ z >> 30) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ z >> 27) &* 0x94D0_49BB_1331_11EB
    return z ^ z >> 31
  }

  /// 0…1 without 1.
  mutating func uniform() -> Double { Double(next() >> 11) * 0x1p-53 }

  /// By the method of Box and Muller (1958).
  mutating func normal() -> Double {
    let radius = (-2 * log(1 - uniform())).squareRoot()
    return radius * cos(2 * .pi * uniform())
  }

  static let redrawsMax = 64

  /// A normal number inside bounds: drawn again while outside, clamped in the end.
  mutating func normal(_ low: Double, _ high: Double, deviation: Double, mean: Double) -> Double {
    var value = mean
    for _ in 0..<Self.redrawsMax {
      value = mean + deviation * normal()
      if value >= low, value <= high { return value }
    }
    return min(max(value, low), high)
  }
}
