import Jobs
import Model

/// What an app has used in some time (insight D52). Format 1 of a cell: pairs of a measure's number and its count.
public struct Usage: Hashable, Sendable {
  public enum Measure: UInt8, Hashable, Sendable, CaseIterable {
    /// Requests of the feed API that were admitted.
    case requests = 1
    /// One for each feed that an activity lands in.
    case feedUpdates = 2
    /// Reactions added.
    case reactions = 3

    /// Its name where usage is shown.
    public var name: String {
      switch self {
      case .requests: "requests"
      case .feedUpdates: "feed_updates"
      case .reactions: "reactions"
      }
    }
  }

  private var counts: [Measure: UInt64] = [:]

  public init() {}

  public subscript(_ measure: Measure) -> UInt64 {
    get { counts[measure] ?? 0 }
    set { counts[measure] = newValue == 0 ? nil : newValue }
  }

  public var isEmpty: Bool { counts.isEmpty }

  public static func += (a: inout Usage, b: Usage) {
    for measure in Measure.allCases { a[measure] &+= b[measure] }
  }

  var encoded: [UInt8] {
    var out = ByteWriter()
    out.integer(UInt8(1))
    for measure in Measure.allCases where self[measure] > 0 {
      out.integer(measure.rawValue)
      out.integer(self[measure])
    }
    return out.bytes
  }

  /// Measures of a later version are passed over: they have the same form.
  init(_ bytes: [UInt8]) throws(FormatError) {
    var reader = ByteReader(bytes)
    _ = try reader.format(1...1)
    var left = bytes.count - 1
    while left > 0 {
      let number: UInt8 = try reader.integer()
      let count: UInt64 = try reader.integer()
      if let measure = Measure(rawValue: number) { self[measure] = count }
      left -= 9
    }
  }
}
