/// How long a connection may wait for what.
extension HTTPConnection {
  func updateDeadline() {
    let limits = listener.limits
    let now = listener.loop.now
    func after(_ milliseconds: UInt64) -> UInt64 { now &+ milliseconds &* 1_000_000 }
    switch phase {
    case .closed: deadline = 0
    case .lingering: deadline = after(limits.lingerTimeoutMilliseconds)
    case .handling where output == nil: deadline = 0
    case .reading, .handling:
      if output != nil {
        deadline = writeProgress &+ limits.writeTimeoutMilliseconds &* 1_000_000
      } else if isIdle {
        deadline = after(limits.idleTimeoutMilliseconds)
      } else if parser.isInBody {
        // A slow body may take longer the more of it has come, but no slower than the least rate.
        let earned = UInt64(parser.bodyBytes) &* 1_000_000_000 / UInt64(max(1, limits.bodyBytesPerSecondMin))
        deadline = messageStart &+ limits.bodyTimeoutMilliseconds &* 1_000_000 &+ earned
      } else {
        deadline = messageStart &+ limits.headerTimeoutMilliseconds &* 1_000_000
      }
    }
  }

  /// The deadline has passed.
  func expire() {
    guard case .reading = phase, output == nil, !isIdle else { return close() }
    listener.timedOut()
    refuse(HTTPRefusal(408, parser.isInBody ? "request body came too slowly" : "request head came too slowly"))
    settle()
  }

  /// The server is going away: an idle connection ends now, another after its answer.
  func drain() {
    if case .reading = phase, !isYielded, isIdle { readMore() }  // a request may have come this moment
    if isIdle { close() }
  }
}
