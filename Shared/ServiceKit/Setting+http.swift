import HTTP

extension Setting {
  /// The limits of a service's HTTP server, for its list of settings; `HTTPServer.Limits.init(_:)` reads them.
  public static let http: [Setting] = {
    let limits = HTTPServer.Limits()
    return [
      Setting(
        "body-bytes-max", .integer(1...HTTPServer.Limits.bodyBytesCeiling), default: "\(limits.bodyBytesMax)",
        help: "bytes of a request's body; more is answered 413"),
      Setting(
        "target-bytes-max", .integer(1_024...1_048_576), default: "\(limits.targetBytesMax)",
        help: "bytes of a request's path and query; more is answered 414"),
      Setting(
        "header-bytes-max", .integer(1_024...1_048_576), default: "\(limits.headerBytesMax)",
        help: "bytes of a request's line and header fields; more is answered 431"),
      Setting(
        "headers-max", .integer(10...10_000), default: "\(limits.headersMax)",
        help: "header fields of a request; more is answered 431"),
      Setting(
        "connections-max", .integer(1...1_000_000), default: "\(limits.connectionsMax)",
        help: "open connections; one more is closed as it comes"),
      Setting(
        "header-timeout-milliseconds", .integer(100...600_000), default: "\(limits.headerTimeoutMilliseconds)",
        help: "from a request's first byte to the end of its head"),
      Setting(
        "body-timeout-milliseconds", .integer(100...3_600_000), default: "\(limits.bodyTimeoutMilliseconds)",
        help: "from a request's first byte to the end of its body"),
      Setting(
        "idle-timeout-milliseconds", .integer(100...3_600_000), default: "\(limits.idleTimeoutMilliseconds)",
        help: "how long a connection may stay open between two requests"),
      Setting(
        "write-timeout-milliseconds", .integer(100...3_600_000), default: "\(limits.writeTimeoutMilliseconds)",
        help: "how long a client may take nothing of an answer"),
    ]
  }()
}

extension HTTPServer.Limits {
  /// The limits that `configuration` names; the others keep their defaults.
  public init(_ configuration: Configuration) {
    self.init()
    if let value = configuration.integer("body-bytes-max") { bodyBytesMax = value }
    if let value = configuration.integer("target-bytes-max") { targetBytesMax = value }
    if let value = configuration.integer("header-bytes-max") { headerBytesMax = value }
    if let value = configuration.integer("headers-max") { headersMax = value }
    if let value = configuration.integer("connections-max") { connectionsMax = value }
    if let value = configuration.integer("header-timeout-milliseconds") { headerTimeoutMilliseconds = UInt64(value) }
    if let value = configuration.integer("body-timeout-milliseconds") { bodyTimeoutMilliseconds = UInt64(value) }
    if let value = configuration.integer("idle-timeout-milliseconds") { idleTimeoutMilliseconds = UInt64(value) }
    if let value = configuration.integer("write-timeout-milliseconds") { writeTimeoutMilliseconds = UInt64(value) }
  }
}

extension Configuration {
  /// The address that a setting of kind `address` holds. Throws when the service has no such setting.
  public func address(_ name: String) throws(MissingSetting) -> HTTPServer.Address {
    guard let address = string(name).flatMap({ HTTPServer.Address($0) }) else { throw MissingSetting(name: name) }
    return address
  }
}

/// A setting without a default that this service cannot do without.
public struct MissingSetting: Error, CustomStringConvertible {
  public let name: String
  public var description: String {
    "the setting \(name) has no value: write --\(name) or MILLRACE_\(name.uppercased().replacing("-", with: "_"))"
  }
}
