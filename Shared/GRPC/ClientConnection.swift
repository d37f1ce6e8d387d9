import CNGHTTP2
import EventLoop

/// One connection of a channel. On the loop only.
final class ClientConnection: HTTP2SessionOwner {
  private unowned let channel: ClientChannel
  private(set) var session: HTTP2Session?
  /// The server has gone away for new calls.
  private(set) var draining = false
  /// The server has said its SETTINGS: it is there, not just its port.
  private(set) var greeted = false

  init(channel: ClientChannel, descriptor: Int32) {
    self.channel = channel
    session = HTTP2Session(
      .client, descriptor: descriptor, loop: channel.loop, settings: HTTP2SessionSettings(channel.settings), owner: self
    )
    session?.start()
    channel.loop.schedule(afterNanoseconds: UInt64(channel.settings.connectMilliseconds) * 1_000_000) { [weak self] in
      guard let self, !greeted else { return }
      session?.close("no HTTP/2 SETTINGS in \(self.channel.settings.connectMilliseconds) ms")
    }
  }

  /// Whether one more call may go. Not before the server has said how many it takes: it would refuse the rest.
  var hasRoom: Bool {
    guard let session, greeted, !draining else { return false }
    return session.streams.count < min(channel.settings.streamsMax, session.peerStreamsMax)
  }

  func submit(_ call: ClientCall, headers: HeaderBlock) -> Bool {
    guard let session else { return false }
    call.session = session
    return session.submitRequest(call, headers: headers)
  }

  func cancel(_ call: ClientCall) {
    guard let session, session.streams[call.id] === call else { return }
    session.reset(call.id, code: NGHTTP2_CANCEL)
  }

  func close(_ reason: String) {
    session?.goAway(code: NGHTTP2_NO_ERROR)
    session?.close(reason)
  }

  /// Called when a call has left; a drained connection closes with its last one.
  private func closeIfDone() {
    if draining, let session, session.streams.isEmpty {
      channel.loop.execute { session.close("the server went away") }
    }
  }

  func openStream(_ id: Int32) -> HTTP2Stream? { nil }

  func receivedSettings() {
    greeted = true
    channel.connectionGreeted()
  }

  func receivedGoAway(lastStreamID: Int32, code: UInt32) {
    draining = true
    channel.connectionDrains(self)
    closeIfDone()
  }

  func streamClosed(_ id: Int32) {
    channel.roomMade()
    closeIfDone()
  }

  func sessionClosed(_ reason: String) {
    session = nil
    channel.connectionClosed(self, reason)
  }
}
