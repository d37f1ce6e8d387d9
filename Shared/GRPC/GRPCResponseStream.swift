import EventLoop

/// The messages of a server-streaming call, in order. Only as many are on their way as the flow-control window lets the
/// server send ahead of the reader. Letting the stream go cancels the call.
public final class GRPCResponseStream: Sendable {
  private let call: ClientCall
  private let channel: ClientChannel

  init(call: ClientCall, channel: ClientChannel) {
    self.call = call
    self.channel = channel
  }

  deinit {
    let (call, channel) = (call, channel)
    channel.loop.execute {
      channel.cancel(call, GRPCStatus(.cancelled, "the reader let the stream go"))
      channel.forget(call)
    }
  }

  /// The next message; `nil` when the server ended the call with OK. One reader at a time; cancelling its task cancels
  /// the call.
  public func next() async throws(GRPCStatus) -> [UInt8]? {
    if EventLoop.current === channel.loop { return try await nextHere() }
    return try await withTaskExecutorPreference(channel.loop) { () async throws(GRPCStatus) -> [UInt8]? in
      try await nextElsewhere()
    }
  }

  @concurrent private func nextElsewhere() async throws(GRPCStatus) -> [UInt8]? { try await nextHere() }

  private func nextHere() async throws(GRPCStatus) -> [UInt8]? {
    let result = await withTaskCancellationHandler { () async -> Result<[UInt8]?, GRPCStatus> in
      do throws(GRPCStatus) { return .success(try await call.next()) } catch { return .failure(error) }
    } onCancel: {
      let (call, channel) = (call, channel)
      channel.loop.execute { channel.cancel(call, GRPCStatus(.cancelled, "the reader's task was cancelled")) }
    }
    return try result.get()
  }
}
