import Glibc

/// The functions of feeds K4 but decay and the random ones, which need more than their arguments.
enum RankingFunction: String, Hashable, Sendable, CaseIterable {
  case ln, log, sin, cos, tan, abs, min, max, trunc, round, sqrt, exp, floor, ceil, dist
  case toUnixTimestamp = "to_unix_timestamp"
  case rand
  case randNormal = "rand_normal"

  /// How many arguments it takes.
  func takes(_ count: Int) -> Bool {
    switch self {
    case .min, .max: count >= 2
    case .dist: count == 4 || count == 5
    case .rand: count == 0 || count == 2
    case .randNormal: count == 0 || count == 4
    default: count == 1
    }
  }

  /// What `takes` takes, for messages.
  var arity: String {
    switch self {
    case .min, .max: "two or more arguments"
    case .dist: "four numbers, and a unit if wanted"
    case .rand: "no arguments or two"
    case .randNormal: "no arguments or four"
    default: "one argument"
    }
  }

  /// A function of one number; not a number or infinite where it has no value.
  func of(_ x: Double) -> Double {
    switch self {
    case .ln: x > 0 ? Glibc.log(x) : .nan
    case .log: x > 0 ? log10(x) : .nan
    case .sin: Glibc.sin(x)
    case .cos: Glibc.cos(x)
    case .tan: Glibc.tan(x)
    case .abs: Swift.abs(x)
    case .trunc: x.rounded(.towardZero)
    case .round: x.rounded(.toNearestOrAwayFromZero)
    case .sqrt: x.squareRoot()
    case .exp: Glibc.exp(x)
    case .floor: x.rounded(.down)
    case .ceil: x.rounded(.up)
    case .min, .max, .dist, .toUnixTimestamp, .rand, .randNormal: .nan
    }
  }

  /// The great-circle distance by the haversine formula (R. W. Sinnott, 1984) on a sphere of the Earth's mean radius.
  /// `unit`: `K` kilometres, `M` miles, `N` nautical miles; `nil` for another.
  static func distance(_ lat1: Double, _ lng1: Double, _ lat2: Double, _ lng2: Double, unit: String) -> Double? {
    let kilometresPerUnit: Double
    switch unit {
    case "K", "k", "": kilometresPerUnit = 1
    case "M", "m": kilometresPerUnit = 1.609344
    case "N", "n": kilometresPerUnit = 1.852
    default: return nil
    }
    let radians = Double.pi / 180
    let a = Glibc.sin((lat2 - lat1) * radians / 2)
    let b = Glibc.sin((lng2 - lng1) * radians / 2)
    let h = a * a + Glibc.cos(lat1 * radians) * Glibc.cos(lat2 * radians) * b * b
    return 2 * 6_371.0088 * asin(Swift.min(1, h.squareRoot())) / kilometresPerUnit
  }
}
