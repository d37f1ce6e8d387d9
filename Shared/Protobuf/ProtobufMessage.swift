/// A value that knows its protobuf form. Conformances are written by hand, one field a line, beside the value's type;
/// golden bytes made by Google's implementation hold them to it.
public protocol ProtobufMessage {
  /// Reads fields until the reader's end; unknown ones are skipped.
  init(from reader: inout ProtobufReader) throws(ProtobufError)
  func write(to writer: inout ProtobufWriter)
}

extension ProtobufMessage {
  /// The message of these bytes.
  public init(protobuf bytes: [UInt8], limits: ProtobufLimits = .standard) throws(ProtobufError) {
    var reader = try ProtobufReader(bytes, limits: limits)
    try self.init(from: &reader)
  }

  /// The message's bytes: fields in the order of their numbers, defaults left out, so equal values give equal bytes.
  public func protobufBytes(reservingCapacity capacity: Int = 64) -> [UInt8] {
    var writer = ProtobufWriter(reservingCapacity: capacity)
    write(to: &writer)
    return writer.bytes
  }
}
