extension RequestContext {
  /// What absolute addresses in answers begin with: as the operator has set it, else as the client sees it (feeds H8, R15,
  /// M1).
  var origin: String { publicOrigin ?? requestOrigin }

  /// Scheme and host as the client sees them.
  var requestOrigin: String {
    let host = request.header("Host").flatMap { Self.isHost($0) ? $0 : nil } ?? "localhost"
    return (request.header("X-Forwarded-Proto") == "https" ? "https://" : "http://") + host
  }

  /// Whether it can stand in an address: a name or number, and a port (RFC 3986, 3.2.2 without userinfo).
  private static func isHost(_ text: String) -> Bool {
    !text.isEmpty && text.utf8.count <= 255
      && text.utf8.allSatisfy { byte in
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
          UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "-"), UInt8(ascii: ":"),
          UInt8(ascii: "["), UInt8(ascii: "]"), UInt8(ascii: "_"):
          true
        default: false
        }
      }
  }
}
