/// How a body can be compressed for those who accept it (RFC 9110, 8.4.1; zstd: RFC 8878).
public enum ContentCoding: String, Hashable, Sendable, CaseIterable {
  case zstd, gzip

  /// The coding to use for an `Accept-Encoding` header (RFC 9110, 12.5.3): the one with the greatest weight, zstd before
  /// gzip at equal ones; `nil`: the body goes as it is.
  public static func preferred(_ accept: String?) -> ContentCoding? {
    guard let accept, !accept.isEmpty else { return nil }
    var weights: [String: Double] = [:]
    for item in accept.split(separator: ",") {
      let parts = item.split(separator: ";")
      guard let first = parts.first else { continue }
      weights[trimmed(first).lowercased()] = weight(parts.dropFirst())
    }
    var best: (coding: ContentCoding, weight: Double)?
    for coding in allCases {
      let alias = coding == .gzip ? weights["x-gzip"] : nil
      guard let weight = weights[coding.rawValue] ?? alias ?? weights["*"], weight > 0 else { continue }
      if weight > best?.weight ?? 0 { best = (coding, weight) }
    }
    guard let best, best.weight >= weights["identity"] ?? 0 else { return nil }
    return best.coding
  }

  private static func weight(_ parameters: ArraySlice<Substring>) -> Double {
    for parameter in parameters {
      let text = trimmed(parameter).lowercased()
      if text.hasPrefix("q=") { return Double(text.dropFirst(2)).map { min(max($0, 0), 1) } ?? 0 }
    }
    return 1
  }

  private static func trimmed(_ text: Substring) -> Substring {
    var text = text
    while text.first == " " || text.first == "\t" { text.removeFirst() }
    while text.last == " " || text.last == "\t" { text.removeLast() }
    return text
  }
}
