import Model
import Synchronization

/// Keeps compiled formats, by their text: each version of a group's format is compiled once in a process.
final class FormatCache: Sendable {
  /// Formats kept; a process that meets more begins anew.
  static let formatsMax = 4_096

  enum Compiled: Sendable {
    case format(AggregationFormat)
    case wrong(AggregationFormatError)
  }

  private let formats = Mutex<[String: Compiled]>([:])

  /// The group's format; without one of its own, by verb and day (feeds 1.8).
  func format(of group: FeedGroup) -> Compiled {
    let text = group.aggregationFormat ?? FeedGroup.byVerbAndDay
    if let known = formats.withLock({ $0[text] }) { return known }
    let compiled: Compiled
    do throws(AggregationFormatError) {
      compiled = .format(try AggregationFormat(text))
    } catch {
      compiled = .wrong(error)
    }
    formats.withLock { formats in
      if formats.count >= Self.formatsMax { formats = [:] }
      formats[text] = compiled
    }
    return compiled
  }
}
