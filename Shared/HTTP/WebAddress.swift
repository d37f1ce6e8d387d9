/// Addresses in documents: resolving relative references (RFC 3986 §5.2) without judging their form.
public enum WebAddress {
  private struct Parts {
    var scheme: Substring?
    var authority: Substring?
    var path: Substring
    var query: Substring?
    var fragment: Substring?

    /// By the expression of RFC 3986 appendix B.
    init(_ text: Substring) {
      var rest = text
      if let hash = rest.firstIndex(of: "#") {
        fragment = rest[rest.index(after: hash)...]
        rest = rest[..<hash]
      }
      if let mark = rest.firstIndex(of: "?") {
        query = rest[rest.index(after: mark)...]
        rest = rest[..<mark]
      }
      if let colon = rest.firstIndex(of: ":"), WebAddress.isScheme(rest[..<colon]) {
        scheme = rest[..<colon]
        rest = rest[rest.index(after: colon)...]
      }
      if rest.hasPrefix("//") {
        let host = rest.dropFirst(2)
        let end = host.firstIndex(of: "/") ?? host.endIndex
        authority = host[..<end]
        rest = host[end...]
      }
      path = rest
    }

    var text: String {
      var out = ""
      if let scheme { out += "\(scheme):" }
      if let authority { out += "//\(authority)" }
      out += path
      if let query { out += "?\(query)" }
      if let fragment { out += "#\(fragment)" }
      return out
    }
  }

  /// The address that `reference` means where `base` is the address of its surroundings; without a base as it stands.
  public static func resolve(_ reference: String, base: String) -> String {
    let trimmed = Self.trimmed(reference)
    guard !base.isEmpty else { return trimmed }
    var target = Parts(trimmed[...])
    guard target.scheme == nil else { return trimmed }
    let source = Parts(base[...])
    if target.authority == nil {
      if target.path.isEmpty {
        target.path = source.path
        if target.query == nil { target.query = source.query }
      } else if !target.path.hasPrefix("/") {
        target.path = withoutDots(merged(source, target.path))[...]
      } else {
        target.path = withoutDots(String(target.path))[...]
      }
      target.authority = source.authority
    }
    target.scheme = source.scheme
    return target.text
  }

  /// Whether a text is an address of the web.
  public static func isWebAddress(_ text: String) -> Bool {
    let lower = text.prefix(8).lowercased()
    return (lower.hasPrefix("http://") && text.utf8.count > 7) || (lower.hasPrefix("https://") && text.utf8.count > 8)
  }

  /// The host of an address; `nil` without one.
  public static func host(of address: String) -> String? {
    guard let authority = Parts(address[...]).authority else { return nil }
    let withoutUser = authority.split(separator: "@", omittingEmptySubsequences: false).last ?? authority
    let host = withoutUser.split(separator: ":").first ?? ""
    return host.isEmpty ? nil : host.lowercased()
  }

  private static func merged(_ base: Parts, _ path: Substring) -> String {
    if base.authority != nil, base.path.isEmpty { return "/\(path)" }
    guard let slash = base.path.lastIndex(of: "/") else { return String(path) }
    return "\(base.path[...slash])\(path)"
  }

  /// RFC 3986 §5.2.4.
  private static func withoutDots(_ path: String) -> String {
    let isAbsolute = path.hasPrefix("/")
    let segments = path.split(separator: "/", omittingEmptySubsequences: false).dropFirst(isAbsolute ? 1 : 0)
    var out: [Substring] = []
    for (place, segment) in segments.enumerated() {
      let isLast = place == segments.count - 1
      switch segment {
      case ".":
        if isLast { out.append("") }
      case "..":
        if !out.isEmpty { out.removeLast() }
        if isLast { out.append("") }
      default: out.append(segment)
      }
    }
    return (isAbsolute ? "/" : "") + out.joined(separator: "/")
  }

  private static func isScheme(_ text: Substring) -> Bool {
    guard let first = text.utf8.first, isLetter(first) else { return false }
    return text.utf8.allSatisfy {
      isLetter($0) || isDigit($0) || $0 == UInt8(ascii: "+") || $0 == UInt8(ascii: "-")
        || $0 == UInt8(ascii: ".")
    }
  }

  private static func isLetter(_ byte: UInt8) -> Bool { (0x61...0x7A).contains(byte | 0x20) }

  /// Without ASCII white space at both ends.
  private static func trimmed(_ text: String) -> String {
    let bytes = Array(text.utf8)
    func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0D).contains(byte) }
    guard let first = bytes.firstIndex(where: { !isSpace($0) }), let last = bytes.lastIndex(where: { !isSpace($0) })
    else { return "" }
    return String(decoding: bytes[first...last], as: UTF8.self)
  }
}
