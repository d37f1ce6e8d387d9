/// Why the node's log cannot be opened or written. All of them stop the node.
enum LogError: Error, Equatable, CustomStringConvertible {
  case disk(DiskError)
  /// Bytes that were once durable are not what was written.
  case corrupt(String)
  /// Written by a newer version.
  case unknownFormat(String)
  /// One record that no segment can hold.
  case recordTooLarge(bytes: Int, segmentBytes: Int)

  var description: String {
    switch self {
    case .disk(let error): "the log's disk failed: \(error)"
    case .corrupt(let text): "the log is damaged: \(text)"
    case .unknownFormat(let text): "the log was written by a newer version: \(text)"
    case .recordTooLarge(let bytes, let segmentBytes):
      "a log record of \(bytes) bytes does not fit a segment of \(segmentBytes)"
    }
  }
}
