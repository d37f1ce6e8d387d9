import EventLoop
import GRPC
import Protobuf
import Telemetry

/// The store over gRPC: one connection a loop, made when needed and again when it broke.
///
/// A call made on one of the loops stays there. Reads are repeated on a broken connection. Writes are repeated too, with
/// the identity of the first attempt, by which the store answers them as the first time; after the deadline it is not
/// known whether a write took effect, and `StoreError.unknown` says so.
public final class KeevoClient: KeyValueStore {
  /// Limits and times of a client.
  public struct Settings: Sendable {
    /// How long a call may take, its repetitions included.
    public var callMilliseconds = 3_000
    /// Between two attempts: the first wait, doubled up to the last.
    public var retryFirstMilliseconds = 10
    public var retryMaxMilliseconds = 500
    public var grpc = GRPCClientSettings()
    public init() {}
  }

  private let client: GRPCClient
  private let settings: Settings
  private let sequencer = RequestSequencer()
  private let retries: Counter

  /// `address` is `host:port`. The loops are running, and run on until `close` has returned.
  public init(
    address: String, loops: EventLoopGroup, settings: Settings = Settings(), logger: Logger, metrics: Metrics
  ) {
    self.settings = settings
    client = GRPCClient(address: address, loops: loops, settings: settings.grpc, logger: logger)
    retries = metrics.counter("keevo_client_retries_total", help: "Attempts of store calls after the first")
  }

  public func close() async { await client.close() }

  // MARK: Calls

  public func get(_ request: GetRequest) async throws(StoreError) -> GetResponse {
    try StoreLimits.check(request.partition)
    try StoreLimits.check(request.key, in: request.partition)
    return try await read(KeevoMethods.get, request)
  }

  public func multiGet(_ request: MultiGetRequest) async throws(StoreError) -> MultiGetResponse {
    try StoreLimits.check(request)
    let response: MultiGetResponse = try await read(KeevoMethods.multiGet, request)
    guard response.rows.count == request.items.count else {
      throw .failed("the store answered \(response.rows.count) rows to \(request.items.count) keys")
    }
    return response
  }

  public func scan(_ request: ScanRequest) async throws(StoreError) -> ScanResponse {
    try StoreLimits.checkScan(limit: request.limit)
    return try await read(KeevoMethods.scan, request)
  }

  public func multiScan(_ request: MultiScanRequest) async throws(StoreError) -> MultiScanResponse {
    try StoreLimits.check(request)
    return try await read(KeevoMethods.multiScan, request)
  }

  public func scanJoin(_ request: ScanJoinRequest) async throws(StoreError) -> ScanJoinResponse {
    try StoreLimits.checkScan(limit: request.limit)
    return try await read(KeevoMethods.scanJoin, request)
  }

  public func unchanged(_ request: UnchangedRequest) async throws(StoreError) -> UnchangedResponse {
    try StoreLimits.check(request)
    return try await read(KeevoMethods.unchanged, request)
  }

  public func write(_ request: WriteRequest) async throws(StoreError) -> WriteResponse {
    try StoreLimits.check(request)
    let identity = sequencer.begin()
    defer { sequencer.end(identity) }
    return try await call(
      KeevoMethods.write, IdentifiedWrite(identity: identity, request: request).protobufBytes(), mayHaveEffect: true)
  }

  public func putMany(_ request: PutManyRequest) async throws(StoreError) -> PutManyResponse {
    try StoreLimits.check(request)
    let identity = sequencer.begin()
    defer { sequencer.end(identity) }
    let message = IdentifiedPutMany(identity: identity, request: request)
    return try await call(
      KeevoMethods.putMany, message.protobufBytes(reservingCapacity: 64 * request.targets.count), mayHaveEffect: true)
  }

  public func watch(_ request: WatchRequest) async throws(StoreError) -> WatchStream {
    let stream: GRPCResponseStream
    do {
      stream = try await client.serverStreaming(
        KeevoMethods.watch, request.protobufBytes(), options: GRPCCallOptions(waitForReady: true))
    } catch {
      throw StoreError(trailerOf: error) ?? .unavailable(error.description)
    }
    return WatchStream(unfolding: {
      let bytes: [UInt8]?
      do throws(GRPCStatus) { bytes = try await stream.next() } catch {
        throw StoreError(trailerOf: error) ?? StoreError.unavailable(error.description)
      }
      return try bytes.map { try WatchEvent(protobuf: $0) }
    })
  }

  public func topology() async throws(StoreError) -> Topology {
    try await call(KeevoMethods.topology, [], mayHaveEffect: false)
  }

  /// How the node and its shards stand.
  public func status() async throws(StoreError) -> NodeStatusMessage {
    try await call(KeevoMethods.status, [], mayHaveEffect: false)
  }

  // MARK: Attempts

  private func read<Answer: ProtobufMessage>(
    _ method: GRPCMethod, _ request: some ProtobufMessage
  ) async throws(StoreError) -> Answer {
    try await call(method, request.protobufBytes(), mayHaveEffect: false)
  }

  private func call<Answer: ProtobufMessage>(
    _ method: GRPCMethod, _ message: [UInt8], mayHaveEffect: Bool
  ) async throws(StoreError) -> Answer {
    let deadline = monotonicNanoseconds() + UInt64(settings.callMilliseconds) * 1_000_000
    var wait = settings.retryFirstMilliseconds
    // Whether an attempt may have reached the log without our hearing of it.
    var inDoubt = false
    // What the store itself last said: a deadline met while repeating must not hide it.
    var lastKnown: StoreError?
    var answer: [UInt8]
    while true {
      let now = monotonicNanoseconds()
      let left = deadline > now ? Int((deadline - now) / 1_000_000) : 0
      let status: GRPCStatus
      do throws(GRPCStatus) {
        answer = try await client.unary(
          method, message, options: GRPCCallOptions(timeoutMilliseconds: left, waitForReady: true))
        break
      } catch {
        status = error
      }
      let known = StoreError(trailerOf: status)
      lastKnown = known ?? lastKnown
      guard Self.mayRepeat(status, known) else {
        throw known ?? .failed("the store does not speak this protocol: \(status)")
      }
      if !status.notProcessed, known?.isBeforeTheLog != true { inDoubt = true }
      if Task.isCancelled || monotonicNanoseconds() + UInt64(wait) * 1_000_000 >= deadline {
        throw Self.lastError(status, lastKnown, inDoubt: inDoubt && mayHaveEffect)
      }
      retries.increment()
      await pause(milliseconds: wait / 2 + Int.random(in: 0...(wait / 2)))
      wait = min(wait * 2, settings.retryMaxMilliseconds)
    }
    do {
      return try Answer(protobuf: answer)
    } catch {
      throw .unknownFormat("the store's answer to \(method.path): \(error)")
    }
  }

  private static func mayRepeat(_ status: GRPCStatus, _ known: StoreError?) -> Bool {
    if status.notProcessed { return status.code != .resourceExhausted || known != nil }
    switch known {
    case .overloaded?, .unavailable?, .unknown?, .deadlineExceeded?: return true
    case .some: return false
    case nil: break
    }
    switch status.code {
    case .unavailable, .cancelled, .internal, .unknown, .deadlineExceeded, .aborted: return true
    default: return false
    }
  }

  private static func lastError(_ status: GRPCStatus, _ known: StoreError?, inDoubt: Bool) -> StoreError {
    if inDoubt { return .unknown("no answer before the deadline: \(status)") }
    if let known { return known }
    return status.code == .deadlineExceeded ? .deadlineExceeded : .unavailable(status.description)
  }

  private func pause(milliseconds: Int) async {
    if let loop = EventLoop.current {
      await loop.sleep(nanoseconds: UInt64(milliseconds) * 1_000_000)
    } else {
      try? await Task.sleep(nanoseconds: UInt64(milliseconds) * 1_000_000)
    }
  }
}

extension StoreError {
  /// Refused before anything was written.
  fileprivate var isBeforeTheLog: Bool {
    if case .overloaded = self { true } else { false }
  }
}
