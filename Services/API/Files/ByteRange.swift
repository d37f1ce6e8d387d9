/// What part of a file a request asks for (RFC 9110 §14).
enum ByteRange: Hashable, Sendable {
  case whole
  case part(Range<Int>)
  case unsatisfiable

  /// One range of bytes: `bytes=0-99`, `bytes=100-`, `bytes=-50`. Several ranges, other units and broken ones are ignored, as
  /// the standard has it.
  init(_ header: String?, of count: Int) {
    self = .whole
    guard let header, header.hasPrefix("bytes=") else { return }
    let text = header.dropFirst("bytes=".count)
    guard let dash = text.firstIndex(of: "-") else { return }
    let (first, last) = (text[..<dash], text[text.index(after: dash)...])
    guard (first + last).utf8.allSatisfy({ (0x30...0x39).contains($0) }), !(first + last).isEmpty else { return }
    // Numbers past the largest one mean the end all the same.
    func number(_ digits: Substring) -> Int { Int(digits) ?? .max }
    if first.isEmpty {
      let length = min(number(last), count)
      self = length == 0 ? .unsatisfiable : .part(count - length..<count)
      return
    }
    let start = number(first)
    let end = last.isEmpty ? count : min(number(last), count - 1) + 1
    if !last.isEmpty, number(last) < start { return }
    self = start >= count ? .unsatisfiable : .part(start..<end)
  }
}
