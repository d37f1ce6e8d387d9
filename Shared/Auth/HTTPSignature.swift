/// The header of a request signed by its server (feeds A11): HMAC-SHA256 with the key's secret over the lines of the header names
/// in `headers`, after draft-cavage-http-signatures.
public struct HTTPSignature: Sendable {
  /// Seconds by which `Date` may differ from now.
  public static let driftSecondsMax: Int64 = 15 * 60
  /// Bytes of the header's value; more is refused before any work.
  static let bytesMax = 4 << 10
  private static let scheme = "signature "

  /// What a request shows of itself: its method in lower case, and path with query exactly as sent.
  public struct Request: Sendable {
    public var method: String
    public var target: String
    /// The value of a header, its name in lower case.
    public var header: @Sendable (_ name: String) -> String?

    public init(method: String, target: String, header: @escaping @Sendable (_ name: String) -> String?) {
      self.method = method
      self.target = target
      self.header = header
    }
  }

  public let keyID: String
  let names: [String]
  let signature: [UInt8]

  /// Whether an `Authorization` header has this scheme.
  public static func isOne(_ authorization: String) -> Bool {
    authorization.prefix(scheme.count).lowercased() == scheme
  }

  /// Reads `Signature keyId="…",algorithm="hmac-sha256",headers="(request-target) date",signature="…"`.
  public init(_ authorization: String) throws(AuthError) {
    guard authorization.utf8.count <= Self.bytesMax else { throw .token("the signature's header is too long") }
    var parameters: [String: String] = [:]
    for (name, value) in try Self.parameters(authorization.dropFirst(Self.scheme.count)) {
      guard parameters.updateValue(value, forKey: name) == nil else {
        throw .token("the signature names \(name) twice")
      }
    }
    guard let keyID = parameters["keyId"], let text = parameters["signature"] else {
      throw .token("the signature needs keyId and signature")
    }
    guard parameters["algorithm"] ?? "hmac-sha256" == "hmac-sha256" else {
      throw .token("the signature's algorithm must be hmac-sha256")
    }
    names = (parameters["headers"] ?? "date").lowercased().split(separator: " ").map(String.init)
    guard names.contains("(request-target)"), names.contains("date") else {
      throw .token("the signature must cover (request-target) and date")
    }
    guard let signature = Self.base64(text) else { throw .token("the signature is not Base64") }
    self.keyID = keyID
    self.signature = signature
  }

  private static func parameters(_ text: Substring) throws(AuthError) -> [(String, String)] {
    var out: [(String, String)] = []
    var rest = text
    while !rest.isEmpty {
      rest = rest.drop { $0 == " " || $0 == "," }
      if rest.isEmpty { break }
      guard let equals = rest.firstIndex(of: "=") else { throw .token("the signature's header is malformed") }
      let name = String(rest[..<equals])
      rest = rest[rest.index(after: equals)...]
      guard rest.first == "\"", let end = rest.dropFirst().firstIndex(of: "\"") else {
        throw .token("the signature's header is malformed")
      }
      out.append((name, String(rest[rest.index(after: rest.startIndex)..<end])))
      rest = rest[rest.index(after: end)...]
    }
    return out
  }

  /// Base64 with the standard alphabet (RFC 4648, section 4).
  private static func base64(_ text: String) -> [UInt8]? {
    var bytes = Array(text.utf8)
    while bytes.last == UInt8(ascii: "=") { bytes.removeLast() }
    guard !bytes.contains(UInt8(ascii: "-")), !bytes.contains(UInt8(ascii: "_")) else { return nil }
    return Base64URL.decode(
      bytes.map { $0 == UInt8(ascii: "+") ? UInt8(ascii: "-") : $0 == UInt8(ascii: "/") ? UInt8(ascii: "_") : $0 })
  }

  /// What is signed, one line for each name.
  func text(of request: Request) throws(AuthError) -> [UInt8] {
    var lines: [String] = []
    for name in names {
      if name == "(request-target)" {
        lines.append("(request-target): \(request.method) \(request.target)")
      } else {
        guard let value = request.header(name) else {
          throw .token("the signature covers the header \(name), which the request does not have")
        }
        lines.append("\(name): \(value)")
      }
    }
    return Array(lines.joined(separator: "\n").utf8)
  }

  /// Refuses a `Date` that is missing, unreadable or more than 15 minutes off.
  func checkDate(_ request: Request, nowMilliseconds: Int64) throws(AuthError) {
    guard let date = request.header("date").flatMap({ HTTPDate($0) }) else {
      throw .token("a signed request needs a header Date such as Sat, 21 Nov 2026 10:00:00 GMT")
    }
    guard abs(date.secondsSince1970 - nowMilliseconds / 1_000) <= Self.driftSecondsMax else {
      throw .token("the request's Date is more than \(Self.driftSecondsMax / 60) minutes off")
    }
  }
}
