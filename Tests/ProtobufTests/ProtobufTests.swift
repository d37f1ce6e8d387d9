import Protobuf
import Testing

private struct Sample: ProtobufMessage, Equatable {
  var number: UInt64 = 0
  var signed: Int64 = 0
  var zigzag: Int64 = 0
  var flag = false
  var stamp: UInt64 = 0
  var raw: [UInt8] = []
  var text = ""
  var list: [UInt64] = []
  var children: [Sample] = []

  init() {}

  init(from reader: inout ProtobufReader) throws(ProtobufError) {
    while let field = try reader.next() {
      switch field {
      case 1: number = try reader.uint64()
      case 2: signed = try reader.int64()
      case 3: zigzag = try reader.sint64()
      case 4: flag = try reader.bool()
      case 5: stamp = try reader.fixed64()
      case 6: raw = try reader.bytes()
      case 7: text = try reader.string()
      case 8: try reader.repeatedUInt64(into: &list)
      case 9: children.append(try reader.message(Sample.self))
      default: try reader.skip()
      }
    }
  }

  func write(to writer: inout ProtobufWriter) {
    writer.uint64(1, number)
    writer.int64(2, signed)
    writer.sint64(3, zigzag)
    writer.bool(4, flag)
    writer.fixed64(5, stamp)
    writer.bytes(6, raw)
    writer.string(7, text)
    writer.packed(8, list)
    for child in children { writer.message(9, child) }
  }
}

@Suite struct ProtobufTests {
  @Test func theEncodingGuidesExamplesHaveTheirBytes() {
    var writer = ProtobufWriter()
    writer.uint64(1, 150)
    writer.string(2, "testing")
    writer.nested(3) { $0.uint64(1, 150) }
    writer.packed(6, [3, 270, 86_942])
    #expect(
      writer.bytes == [
        0x08, 0x96, 0x01, 0x12, 0x07, 0x74, 0x65, 0x73, 0x74, 0x69, 0x6E, 0x67, 0x1A, 0x03, 0x08, 0x96, 0x01,
        0x32, 0x06, 0x03, 0x8E, 0x02, 0x9E, 0xA7, 0x05,
      ])
  }

  @Test(arguments: [0, 1, 126, 127, 128, 129, 16_383, 16_384, 100_000])
  func nestedMessagesOfEveryLengthPrefixComeBack(length: Int) throws {
    var child = Sample()
    child.raw = [UInt8](repeating: 7, count: length)
    var outer = Sample()
    outer.children = [child, Sample(), child]
    outer.number = 3
    #expect(try Sample(protobuf: outer.protobufBytes()) == outer)
  }

  @Test func extremesOfEachNumberComeBack() throws {
    for value in [UInt64.min, 1, 127, 128, UInt64(UInt32.max), UInt64.max] {
      var sample = Sample()
      sample.number = value
      sample.stamp = value
      sample.signed = Int64(bitPattern: value)
      sample.zigzag = Int64(bitPattern: value)
      sample.flag = value & 1 == 1
      sample.list = [value, 0, value]
      #expect(try Sample(protobuf: sample.protobufBytes()) == sample)
    }
  }

  @Test func defaultsTakeNoBytes() { #expect(Sample().protobufBytes() == []) }

  @Test func unknownFieldsOfEveryWireTypeAreSkipped() throws {
    var bytes: [UInt8] = [0xF8, 0x01, 0x05]  // 31: varint
    bytes += [0xF9, 0x01, 1, 2, 3, 4, 5, 6, 7, 8]  // 31: eight bytes
    bytes += [0xFA, 0x01, 2, 9, 9]  // 31: bytes
    bytes += [0xFD, 0x01, 1, 2, 3, 4]  // 31: four bytes
    bytes += [0xFB, 0x01, 0x08, 0x01, 0x0B, 0x0C, 0xFC, 0x01]  // 31: a group with a group in it
    bytes += [0x08, 0x2A]
    #expect(try Sample(protobuf: bytes).number == 42)
  }

  @Test func repeatedNumbersAreReadUnpackedToo() throws {
    #expect(try Sample(protobuf: [0x40, 1, 0x42, 2, 2, 3, 0x40, 4]).list == [1, 2, 3, 4])
  }

  @Test(
    arguments: [
      ([0x08], "truncated"), ([0x08, 0x80], "truncated"), ([0x29, 1, 2], "truncated"), ([0x32, 5, 1], "truncated"),
      ([0x00, 1], "badTag"), ([0x0E, 1], "badTag"), ([0x0C], "wireTypeMismatch"), ([0xFC, 0x01], "badTag"),
      ([0xFB, 0x01, 0x0C], "badTag"), ([0xFB, 0x01], "truncated"),
      ([0x0A, 1, 1], "wireTypeMismatch"), ([0x30, 1], "wireTypeMismatch"), ([0x3A, 2, 0xC3, 0x28], "notUTF8"),
      ([0x20, 2], "varintOutOfRange"),
      ([0x08, 255, 255, 255, 255, 255, 255, 255, 255, 255, 2], "varintOutOfRange"),
      ([0x08, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 0], "varintOutOfRange"),
      ([0x32, 255, 255, 255, 255, 255, 255, 255, 255, 255, 1], "truncated"),
    ] as [([UInt8], String)])
  func brokenBytesAreRefusedWithTheirReason(bytes: [UInt8], reason: String) {
    do {
      _ = try Sample(protobuf: bytes)
      Issue.record("\(bytes) was accepted")
    } catch { #expect("\(error)".isEmpty == false && String(reflecting: mirrorName(error)).contains(reason)) }
  }

  private func mirrorName(_ error: ProtobufError) -> String { Mirror(reflecting: error).children.first?.label ?? "" }

  @Test func nestingPastTheLimitIsRefused() throws {
    var sample = Sample()
    for _ in 0..<8 {
      var outer = Sample()
      outer.children = [sample]
      sample = outer
    }
    let bytes = sample.protobufBytes()
    #expect(throws: Never.self) { try Sample(protobuf: bytes, limits: ProtobufLimits(depthMax: 8)) }
    #expect(throws: ProtobufError.self) { try Sample(protobuf: bytes, limits: ProtobufLimits(depthMax: 7)) }
    let groups = [UInt8](repeating: 0x7B, count: 100_000)
    #expect(throws: ProtobufError.self) { try Sample(protobuf: groups) }
  }

  @Test func messagesPastTheLimitAreRefused() {
    #expect(throws: ProtobufError.tooLarge(bytes: 3, max: 2)) {
      try Sample(protobuf: [0x08, 0x96, 0x01], limits: ProtobufLimits(messageBytesMax: 2))
    }
  }

  @Test func randomBytesNeverCrashTheReader() {
    let seed = UInt64.random(in: 0 ... .max)
    var state = seed
    func random() -> UInt64 {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return state >> 33
    }
    for round in 0..<20_000 {
      let bytes = (0..<Int(random() % 40)).map { _ in UInt8(truncatingIfNeeded: random()) }
      if let sample = try? Sample(protobuf: bytes) {
        #expect((try? Sample(protobuf: sample.protobufBytes())) == sample, "seed \(seed) round \(round)")
      }
    }
  }
}
