import GRPC
import KeevoClient
import ServiceKit

/// The settings of a node, and how they become its options.
enum KeevoSettings {
  static let all: [Setting] = [
    Setting("listen", .address, default: "127.0.0.1:8082", help: "where gRPC is served"),
    Setting(
      "admin-listen", .address, default: "127.0.0.1:9082", help: "where /healthz, /readyz and /metrics are served"),
    Setting("data-dir", .path, default: "var/keevo", help: "where the node keeps its log and state"),
    Setting("node-id", .integer(1...65_535), default: "1", help: "the node's number; kept in the data"),
    Setting("advertise", .text, help: "the address clients are told; listen without it"),
    Setting("shards", .integer(1...256), default: "8", help: "number of shards, fixed when the data is made"),
    Setting("log-segment-mib", .integer(32...1_024), default: "64", help: "size of a log segment"),
    Setting(
      "log-segments-before-flush", .integer(2...1_000), default: "4",
      help: "log segments above which the shards that keep the oldest are flushed"),
    Setting(
      "log-segments-max", .integer(3...10_000), default: "16", help: "log segments above which writes are refused"),
    Setting(
      "waiting-requests-max", .integer(1...1_000_000), default: "8192",
      help: "writes of a shard that may wait for the log; further ones are refused as overloaded"),
    Setting(
      "waiting-mib-max", .integer(8...4_096), default: "64", help: "and their size"),
    Setting("apply-threads", .integer(1...64), default: "2", help: "threads that apply log entries"),
    Setting(
      "request-clients-max", .integer(16...1_000_000), default: "16384",
      help: "clients that wrote within the last hour, for each shard"),
    Setting(
      "open-requests-max", .integer(16...1_000_000), default: "8192",
      help: "writes of a client that it has not acknowledged, for each shard"),
    Setting(
      "watch-changes-max", .integer(64...10_000_000), default: "65536", help: "changes kept for watchers, a shard"),
    Setting("watch-mib-max", .integer(1...4_096), default: "8", help: "and their size"),
    Setting("watchers-max", .integer(1...100_000), default: "1024", help: "watchers that may wait, a shard and class"),
    Setting("block-cache-mib", .integer(8...1_048_576), default: "256", help: "RocksDB's cache of blocks, all shards"),
    Setting(
      "cache-mib", .integer(1...1_048_576), default: "64", help: "rows and pages read lately, kept at hand, all shards"),
    Setting("write-buffer-mib", .integer(1...4_096), default: "16", help: "a memory table; a shard has at most three"),
    Setting("connections-max", .integer(1...1_000_000), default: "10000", help: "open connections; one more is closed"),
    Setting(
      "streams-max", .integer(1...100_000), default: "1024", help: "calls open at once on a connection"),
    Setting(
      "handlers-max", .integer(1...1_000_000), default: "2048",
      help: "calls of a connection that are worked on at once, given-up ones included"),
    Setting("header-bytes-max", .integer(1_024...1_048_576), default: "16384", help: "headers of a call"),
    Setting(
      "message-bytes-max", .integer(1_048_576...1_073_741_824), default: "33554432", help: "one message, either way"),
    Setting(
      "inbound-bytes-max", .integer(1_048_576...1_073_741_824), default: "67108864",
      help: "requests of a connection that are not whole yet"),
    Setting(
      "outbound-bytes-max", .integer(16_384...67_108_864), default: "262144",
      help: "what a watch may have waiting for a slow reader"),
    Setting(
      "reset-burst", .integer(1...1_000_000), default: "500", help: "streams that a connection may reset at once"),
    Setting("resets-per-second", .integer(1...1_000_000), default: "100", help: "and how fast that comes back"),
    Setting(
      "handshake-milliseconds", .integer(10...600_000), default: "10000",
      help: "time in which a new connection must speak HTTP/2"),
    Setting(
      "keepalive-milliseconds", .integer(10...600_000), default: "30000",
      help: "silence before a ping, and the time to answer it"),
    Setting(
      "stall-milliseconds", .integer(10...600_000), default: "60000",
      help: "time in which a client must take some of what waits for it"),
    Setting(
      "call-milliseconds", .integer(10...600_000), default: "60000", help: "deadline of a call that names none"),
    Setting(
      "slow-call-milliseconds", .integer(1...600_000), default: "1000",
      help: "calls that take longer are logged, with their trace"),
    Setting(
      "background-mib-per-second", .integer(1...100_000), default: "128",
      help: "what flushes and compactions may write"),
  ]

  static func options(_ configuration: Configuration) -> StoreNodeOptions {
    var options = StoreNodeOptions(dataDirectory: configuration.string("data-dir") ?? "var/keevo")
    func number(_ name: String, _ keyPath: WritableKeyPath<StoreNodeOptions, Int>, times factor: Int = 1) {
      if let value = configuration.integer(name) { options[keyPath: keyPath] = value * factor }
    }
    options.nodeID = UInt64(configuration.integer("node-id") ?? 1)
    options.address = configuration.string("advertise") ?? configuration.string("listen") ?? ""
    let mebibyte = 1 << 20
    number("shards", \.shards)
    number("log-segment-mib", \.logSegmentBytes, times: mebibyte)
    number("log-segments-before-flush", \.logSegmentsBeforeFlush)
    number("log-segments-max", \.logSegmentsMax)
    number("waiting-requests-max", \.waitingRequestsMax)
    number("waiting-mib-max", \.waitingBytesMax, times: mebibyte)
    number("apply-threads", \.applyThreads)
    number("request-clients-max", \.requestClientsMax)
    number("open-requests-max", \.openRequestsMax)
    number("watch-changes-max", \.watchChangesMax)
    number("watch-mib-max", \.watchBytesMax, times: mebibyte)
    number("watchers-max", \.watchersMax)
    number("block-cache-mib", \.blockCacheBytes, times: mebibyte)
    number("cache-mib", \.cacheBytes, times: mebibyte)
    number("write-buffer-mib", \.writeBufferBytes, times: mebibyte)
    number("background-mib-per-second", \.backgroundBytesPerSecond, times: mebibyte)
    return options
  }

  static func server(_ configuration: Configuration) -> GRPCServerSettings {
    var settings = GRPCServerSettings()
    let numbers: [(String, WritableKeyPath<GRPCServerSettings, Int>)] = [
      ("connections-max", \.connectionsMax), ("streams-max", \.streamsMax), ("handlers-max", \.handlersMax),
      ("header-bytes-max", \.headerBytesMax), ("message-bytes-max", \.messageBytesMax),
      ("inbound-bytes-max", \.inboundBytesMax), ("outbound-bytes-max", \.outboundBytesMax),
      ("reset-burst", \.resetBurst), ("resets-per-second", \.resetsPerSecond),
      ("handshake-milliseconds", \.handshakeMilliseconds), ("keepalive-milliseconds", \.keepaliveMilliseconds),
      ("stall-milliseconds", \.stallMilliseconds), ("call-milliseconds", \.defaultTimeoutMilliseconds),
      ("slow-call-milliseconds", \.slowCallMilliseconds),
    ]
    for (name, keyPath) in numbers {
      if let value = configuration.integer(name) { settings[keyPath: keyPath] = value }
    }
    return settings
  }
}
