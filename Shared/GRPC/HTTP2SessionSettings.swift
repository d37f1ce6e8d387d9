/// What both ends of a connection set.
struct HTTP2SessionSettings {
  var streamsMax: Int
  var headerBytesMax: Int
  var streamWindowBytes: Int
  var connectionWindowBytes: Int
  var resetBurst: Int
  var resetsPerSecond: Int
  var keepaliveMilliseconds: Int
  var stallMilliseconds: Int

  init(_ settings: GRPCServerSettings) {
    streamsMax = settings.streamsMax
    headerBytesMax = settings.headerBytesMax
    streamWindowBytes = settings.streamWindowBytes
    connectionWindowBytes = settings.connectionWindowBytes
    resetBurst = settings.resetBurst
    resetsPerSecond = settings.resetsPerSecond
    keepaliveMilliseconds = settings.keepaliveMilliseconds
    stallMilliseconds = settings.stallMilliseconds
  }

  init(_ settings: GRPCClientSettings) {
    streamsMax = settings.streamsMax
    headerBytesMax = settings.headerBytesMax
    streamWindowBytes = settings.streamWindowBytes
    connectionWindowBytes = settings.connectionWindowBytes
    resetBurst = settings.resetBurst
    resetsPerSecond = settings.resetsPerSecond
    keepaliveMilliseconds = settings.keepaliveMilliseconds
    stallMilliseconds = settings.stallMilliseconds
  }
}
