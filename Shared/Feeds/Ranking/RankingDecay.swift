import Glibc

/// A decay function with its parameters (feeds K6).
///
/// With d = max(0, |x − origin| − offset), s = scale, k = decay: linear max(0, 1 − d·(1 − k)/s), exponential e^(ln k · d/s),
/// Gaussian e^(ln k · d²/s²). Times are Unix seconds.
struct RankingDecay: Hashable, Sendable {
  enum Base: String, Hashable, Sendable, CaseIterable {
    case linear = "decay_linear"
    case exponential = "decay_exp"
    case gaussian = "decay_gauss"
  }

  enum Direction: String, Hashable, Sendable, CaseIterable { case left, right, both }

  enum Origin: Hashable, Sendable {
    /// Now for times, 0 for numbers.
    case standard
    case now
    case at(Double)
  }

  /// Five days, for times.
  static let timeScaleDefault = 432_000.0

  var base: Base
  /// `nil`: five days for times; numbers need one.
  var scale: Double?
  var offset = 0.0
  var decay = 0.5
  var origin = Origin.standard
  var direction = Direction.both

  init(base: Base) { self.base = base }

  /// `nil` for a number without `scale`.
  func value(_ x: Double, isTime: Bool, now: Double) -> Double? {
    guard let scale = scale ?? (isTime ? Self.timeScaleDefault : nil) else { return nil }
    let center: Double
    switch origin {
    case .standard: center = isTime ? now : 0
    case .now: center = now
    case .at(let place): center = place
    }
    switch direction {
    case .left where x >= center, .right where x <= center: return 1
    default: break
    }
    let distance = max(0, abs(x - center) - offset)
    return switch base {
    case .linear: max(0, 1 - distance * (1 - decay) / scale)
    case .exponential: exp(log(decay) * distance / scale)
    case .gaussian: exp(log(decay) * (distance / scale) * (distance / scale))
    }
  }
}
