/// What a connection does for its session beyond the streams. On the loop only.
protocol HTTP2SessionOwner: AnyObject {
  /// A peer opens a stream; `nil` refuses it. Servers only.
  func openStream(_ id: Int32) -> HTTP2Stream?
  func receivedSettings()
  /// No streams above `lastStreamID` will be served, and no new ones.
  func receivedGoAway(lastStreamID: Int32, code: UInt32)
  func streamClosed(_ id: Int32)
  /// The connection is gone; the streams have been told.
  func sessionClosed(_ reason: String)
}
