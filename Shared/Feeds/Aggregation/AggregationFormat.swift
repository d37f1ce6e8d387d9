import Model

/// A compiled aggregation format: gives each activity the key of its group (feeds 3.6, J).
///
/// The language is a small part of Jinja: text, `{{ expression }}`, `{% if %}`, `{% set %}`. A format is compiled once
/// and run for each activity; neither can take long (J8).
///
/// ```swift
/// let format = try AggregationFormat("{{ verb }}_{{ time.strftime('%Y-%m-%d') }}")
/// ```
public struct AggregationFormat: Sendable {
  /// Bytes of a format; past it, and past the next three, every key is empty.
  public static let textBytesMax = 4 << 10
  /// Levels of statements and brackets inside each other.
  public static let levelsMax = 32
  /// Nodes and parts of long values that one run may look at.
  public static let stepsMax = 10_000
  /// Bytes of a key.
  public static let keyBytesMax = 1 << 10
  /// Bytes of any value on the way.
  static let valueBytesMax = 64 << 10

  public let text: String
  /// Stands for the text in stored rows: equal for equal texts.
  public let fingerprint: UInt64
  /// Whether keys depend on the feed that is written to.
  let usesFeed: Bool
  /// `nil` when the format is larger than J8 allows.
  private let statements: [FormatStatement]?

  /// Compiles a format.
  /// - Throws: `AggregationFormatError` for the first thing that is no part of the language.
  public init(_ text: String) throws(AggregationFormatError) {
    self.text = text
    fingerprint = Self.fingerprint(of: text)
    guard text.utf8.count <= Self.textBytesMax else {
      statements = nil
      usesFeed = false
      return
    }
    var parser = try FormatParser(Array(text.unicodeScalars))
    do throws(AggregationFormatError) {
      statements = try parser.parse()
      usesFeed = parser.names.contains("feed")
    } catch {
      guard error.isLimit else { throw error }
      statements = nil
      usesFeed = false
    }
  }

  /// Whether the format is larger than J8 allows, so that every key is empty.
  public var isTooLarge: Bool { statements == nil }

  /// The key of the group that the activity belongs to in that feed: trimmed, and empty after any error (J2, J8).
  func key(_ subject: AggregationSubject, feed: FeedID) -> String {
    guard let statements else { return "" }
    var evaluator = FormatEvaluator(subject, feed: feed)
    do throws(FormatRunError) {
      let key = FormatEvaluator.trimmed(try evaluator.run(statements))
      return key.utf8.count <= Self.keyBytesMax ? key : ""
    } catch {
      return ""
    }
  }

  /// The first 64 bits of the text's SHA-256, never 0.
  static func fingerprint(of text: String) -> UInt64 {
    max(1, SHA256Digest.of(Array(text.utf8)).prefix(8).reduce(0) { $0 << 8 | UInt64($1) })
  }
}
