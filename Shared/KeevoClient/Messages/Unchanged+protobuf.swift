import Protobuf

extension UnchangedRequest: ProtobufMessage {
  public init(from reader: inout ProtobufReader) throws(ProtobufError) {
    self.init(questions: [])
    while let field = try reader.next() {
      switch field {
      case 1: questions.append(try reader.message(Question.self))
      default: try reader.skip()
      }
    }
  }

  public func write(to writer: inout ProtobufWriter) {
    for question in questions { writer.message(1, question) }
  }
}

extension UnchangedRequest.Question: ProtobufMessage {
  public init(from reader: inout ProtobufReader) throws(ProtobufError) {
    self.init(places: [], since: [])
    var numbers: [UInt64] = []
    while let field = try reader.next() {
      switch field {
      case 1: try reader.repeatedUInt64(into: &numbers)
      case 2: try reader.repeatedUInt64(into: &since)
      default: try reader.skip()
      }
    }
    places = numbers.map { UInt32(truncatingIfNeeded: $0) }
  }

  public func write(to writer: inout ProtobufWriter) {
    writer.packed(1, places.map { UInt64($0) })
    writer.packed(2, since)
  }
}

extension UnchangedResponse: ProtobufMessage {
  public init(from reader: inout ProtobufReader) throws(ProtobufError) {
    self.init(unchanged: [], moments: [])
    var flags: [UInt64] = []
    while let field = try reader.next() {
      switch field {
      case 1: try reader.repeatedUInt64(into: &flags)
      case 2: try reader.repeatedUInt64(into: &moments)
      default: try reader.skip()
      }
    }
    unchanged = flags.map { $0 != 0 }
  }

  public func write(to writer: inout ProtobufWriter) {
    writer.packed(1, unchanged.map { $0 ? 1 : 0 })
    writer.packed(2, moments)
  }
}
