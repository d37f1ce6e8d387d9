import KeevoClient

extension Setting {
  /// Where the store is, and the limits and times of its client, for the list of settings of a service that uses it;
  /// `KeevoClient.init(_:)` reads them.
  public static let keevo: [Setting] = {
    let client = KeevoClient.Settings()
    return [
      Setting("keevo", .address, default: "127.0.0.1:8082", help: "the store"),
      Setting(
        "keevo-call-milliseconds", .integer(10...600_000), default: "\(client.callMilliseconds)",
        help: "how long a call of the store may take, its repetitions included; then the request fails (503)"),
      Setting(
        "keevo-retry-first-milliseconds", .integer(1...60_000), default: "\(client.retryFirstMilliseconds)",
        help: "wait before a call is repeated, doubled each time"),
      Setting(
        "keevo-retry-max-milliseconds", .integer(1...60_000), default: "\(client.retryMaxMilliseconds)",
        help: "up to this"),
      Setting(
        "keevo-connect-milliseconds", .integer(10...600_000), default: "\(client.grpc.connectMilliseconds)",
        help: "how long connecting to the store may take"),
      Setting(
        "keevo-keepalive-milliseconds", .integer(10...600_000), default: "\(client.grpc.keepaliveMilliseconds)",
        help: "silence of the store before a ping, and the time to answer it"),
      Setting(
        "keevo-stall-milliseconds", .integer(10...600_000), default: "\(client.grpc.stallMilliseconds)",
        help: "time in which the store must take some of what waits for it"),
      Setting(
        "keevo-streams-max", .integer(1...100_000), default: "\(client.grpc.streamsMax)",
        help: "calls of the store open at once, a loop; one more waits"),
      Setting(
        "keevo-waiting-max", .integer(1...1_000_000), default: "\(client.grpc.waitingMax)",
        help: "calls of the store that wait, a loop; one more fails (503)"),
      Setting(
        "keevo-message-bytes-max", .integer(1_048_576...1_073_741_824), default: "\(client.grpc.messageBytesMax)",
        help: "one message to or from the store"),
    ]
  }()
}

extension KeevoClient.Settings {
  /// The limits and times that `configuration` names; the others keep their defaults.
  public init(_ configuration: Configuration) {
    self.init()
    let numbers: [(String, WritableKeyPath<KeevoClient.Settings, Int>)] = [
      ("keevo-call-milliseconds", \.callMilliseconds), ("keevo-retry-first-milliseconds", \.retryFirstMilliseconds),
      ("keevo-retry-max-milliseconds", \.retryMaxMilliseconds),
      ("keevo-connect-milliseconds", \.grpc.connectMilliseconds),
      ("keevo-keepalive-milliseconds", \.grpc.keepaliveMilliseconds),
      ("keevo-stall-milliseconds", \.grpc.stallMilliseconds), ("keevo-streams-max", \.grpc.streamsMax),
      ("keevo-waiting-max", \.grpc.waitingMax), ("keevo-message-bytes-max", \.grpc.messageBytesMax),
    ]
    for (name, keyPath) in numbers {
      if let value = configuration.integer(name) { self[keyPath: keyPath] = value }
    }
  }
}

extension KeevoClient {
  /// The client of the store that the settings name, on the service's loops.
  public convenience init(_ context: ServiceContext) throws(MissingSetting) {
    self.init(
      address: "\(try context.configuration.address("keevo"))", loops: context.loops,
      settings: Settings(context.configuration), logger: context.logger, metrics: context.metrics)
  }
}
