import GRPC

/// How errors of the store travel: a gRPC code that says the kind to any client, and the trailer `keevo-error`, which
/// carries the case itself: its name, a colon, and its text with everything but letters, digits, `-`, `.`, `_` and `~`
/// percent-encoded.
extension StoreError {
  static let trailer = "keevo-error"

  /// For a server to throw.
  public var status: GRPCStatus {
    let (code, name, text): (GRPCStatusCode, String, String) =
      switch self {
      case .invalid(let reason): (.invalidArgument, "invalid", reason)
      case .overloaded(let reason): (.resourceExhausted, "overloaded", reason)
      case .wrongShard(let mapVersion): (.failedPrecondition, "wrong-shard", String(mapVersion))
      case .notLeader(let hint): (.failedPrecondition, "not-leader", hint ?? "")
      case .unknown(let reason): (.unknown, "unknown", reason)
      case .unavailable(let reason): (.unavailable, "unavailable", reason)
      case .deadlineExceeded: (.deadlineExceeded, "deadline-exceeded", "")
      case .unknownFormat(let reason): (.internal, "unknown-format", reason)
      case .failed(let reason): (.internal, "failed", reason)
      }
    var trailers = GRPCMetadata()
    trailers.add(Self.trailer, name + ":" + Self.encoded(text))
    return GRPCStatus(code, text.isEmpty ? name : "\(name): \(text)", trailers: trailers)
  }

  /// The error that the trailer of a store's answer names; `nil` for an answer that is not a store's.
  public init?(trailerOf status: GRPCStatus) {
    guard let value = status.trailers[Self.trailer], let colon = value.firstIndex(of: ":"),
      let text = Self.decoded(value[value.index(after: colon)...])
    else { return nil }
    switch value[..<colon] {
    case "invalid": self = .invalid(text)
    case "overloaded": self = .overloaded(text)
    case "wrong-shard":
      guard let version = UInt64(text) else { return nil }
      self = .wrongShard(mapVersion: version)
    case "not-leader": self = .notLeader(hint: text.isEmpty ? nil : text)
    case "unknown": self = .unknown(text)
    case "unavailable": self = .unavailable(text)
    case "deadline-exceeded": self = .deadlineExceeded
    case "unknown-format": self = .unknownFormat(text)
    case "failed": self = .failed(text)
    default: return nil
    }
  }

  /// Longer texts are cut: a trailer has a limit, and a person reads it.
  private static let textBytesMax = 512

  private static func encoded(_ text: String) -> String {
    let digits = Array("0123456789ABCDEF".utf8)
    var out: [UInt8] = []
    for byte in text.utf8.prefix(textBytesMax) {
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
        UInt8(ascii: "~"):
        out.append(byte)
      default: out += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 0xF)]]
      }
    }
    return String(decoding: out, as: UTF8.self)
  }

  private static func decoded(_ text: Substring) -> String? {
    var out: [UInt8] = []
    var rest = Array(text.utf8)[...]
    while let byte = rest.popFirst() {
      guard byte == UInt8(ascii: "%") else {
        out.append(byte)
        continue
      }
      guard rest.count >= 2, let value = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16) else {
        return nil
      }
      rest.removeFirst(2)
      out.append(value)
    }
    return String(decoding: out, as: UTF8.self)
  }
}
