import EventLoop
import Telemetry

/// A gRPC client of one address: a connection a loop, made when first needed and again when it broke.
///
/// A call made on one of the loops stays there, from the request's bytes to the caller's resumption. A caller from
/// elsewhere is served on one of the loops. Every call carries the trace that its caller works for (`TraceID.current`).
public final class GRPCClient: Sendable {
  public let address: String
  public let settings: GRPCClientSettings
  private let loops: EventLoopGroup
  private let channels: [ObjectIdentifier: ClientChannel]

  /// `address` is `host:port`; it is looked up when a connection is made. The loops are running, and run on until
  /// `close` has returned.
  public init(
    address: String, loops: EventLoopGroup, settings: GRPCClientSettings = GRPCClientSettings(),
    logger: Logger = .silent
  ) {
    self.address = address
    self.settings = settings
    self.loops = loops
    let pool = BlockingPool(threadsMax: 1, queueMax: 64)
    var channels: [ObjectIdentifier: ClientChannel] = [:]
    for loop in loops.loops {
      channels[ObjectIdentifier(loop)] = ClientChannel(
        address: address, loop: loop, settings: settings, pool: pool, logger: logger)
    }
    self.channels = channels
  }

  /// The current loop's channel, or `nil` off the loops.
  private var here: ClientChannel? {
    guard let loop = EventLoop.current else { return nil }
    return channels[ObjectIdentifier(loop)]
  }

  private func elsewhere() -> ClientChannel {
    let loop = loops.any()
    guard let channel = channels[ObjectIdentifier(loop)] else { preconditionFailure("a loop without its channel") }
    return channel
  }

  /// One message there, one back. Cancelling the task cancels the call.
  public func unary(_ method: GRPCMethod, _ message: [UInt8], options: GRPCCallOptions = GRPCCallOptions())
    async throws(GRPCStatus) -> [UInt8]
  {
    if let here { return try await unary(method, message, options, on: here) }
    let channel = elsewhere()
    return try await withTaskExecutorPreference(channel.loop) { () async throws(GRPCStatus) -> [UInt8] in
      try await unaryFromElsewhere(method, message, options, on: channel)
    }
  }

  @concurrent private func unaryFromElsewhere(
    _ method: GRPCMethod, _ message: [UInt8], _ options: GRPCCallOptions, on channel: ClientChannel
  ) async throws(GRPCStatus) -> [UInt8] { try await unary(method, message, options, on: channel) }

  private func unary(
    _ method: GRPCMethod, _ message: [UInt8], _ options: GRPCCallOptions, on channel: ClientChannel
  ) async throws(GRPCStatus) -> [UInt8] {
    let call = try make(method, message, options, isStreaming: false, on: channel)
    let result = await withTaskCancellationHandler {
      await withUnsafeContinuation { (continuation: UnsafeContinuation<Result<[UInt8], GRPCStatus>, Never>) in
        call.awaitAnswer(continuation)
        if Task.isCancelled {
          call.end(GRPCStatus(.cancelled, "the caller's task was cancelled", notProcessed: true))
        } else {
          channel.start(call)
        }
      }
    } onCancel: {
      channel.loop.execute { channel.cancel(call, GRPCStatus(.cancelled, "the caller's task was cancelled")) }
    }
    channel.forget(call)
    return try result.get()
  }

  /// One message there, many back. The call ends when the stream has ended, or is let go.
  public func serverStreaming(_ method: GRPCMethod, _ message: [UInt8], options: GRPCCallOptions = GRPCCallOptions())
    async throws(GRPCStatus) -> GRPCResponseStream
  {
    if let here {
      let call = try make(method, message, options, isStreaming: true, on: here)
      here.start(call)
      return GRPCResponseStream(call: call, channel: here)
    }
    let channel = elsewhere()
    let call = try make(method, message, options, isStreaming: true, on: channel)
    channel.loop.execute { channel.start(call) }
    return GRPCResponseStream(call: call, channel: channel)
  }

  private func make(
    _ method: GRPCMethod, _ message: [UInt8], _ options: GRPCCallOptions, isStreaming: Bool, on channel: ClientChannel
  ) throws(GRPCStatus) -> ClientCall {
    guard message.count <= settings.messageBytesMax else {
      throw GRPCStatus(
        .resourceExhausted,
        "request of \(message.count) bytes past the limit message-bytes-max of \(settings.messageBytesMax)",
        notProcessed: true)
    }
    let milliseconds = options.timeoutMilliseconds ?? (isStreaming ? nil : settings.defaultTimeoutMilliseconds)
    let deadline = milliseconds.map { monotonicNanoseconds() + UInt64(max(0, $0)) * 1_000_000 } ?? UInt64.max
    var options = options
    if let trace = TraceID.current, options.metadata[GRPCMetadata.traceparent] == nil {
      options.metadata.add(GRPCMetadata.traceparent, trace.traceparent)
    }
    return ClientCall(
      loop: channel.loop, method: method, message: message, options: options, deadline: deadline,
      isStreaming: isStreaming,
      messageBytesMax: settings.messageBytesMax)
  }

  /// Ends every call with UNAVAILABLE and closes the connections.
  public func close() async {
    for channel in channels.values {
      await withUnsafeContinuation { continuation in
        channel.loop.execute {
          channel.close()
          continuation.resume()
        }
      }
    }
  }
}
