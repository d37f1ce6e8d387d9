import Protobuf
import Testing

@testable import KeevoClient

// Bytes made by Google's Python implementation from keevo.proto: ours must write the same, and read them to the same value.

private let partition = Partition(app: 7, "f/user:1")
private let key = RowKey(space: 101, rest: [0x00, 0xFF])
private let value = VersionedValue(value: Array("v".utf8), version: Stamp(0x0102_0304_0506_0708))

private func holds<Message: ProtobufMessage & Equatable>(
  _ message: Message, _ golden: String, sourceLocation: SourceLocation = #_sourceLocation
) throws {
  let bytes = message.protobufBytes()
  let text = bytes.map { byte in (byte < 16 ? "0" : "") + String(byte, radix: 16) }.joined()
  #expect(text == golden, sourceLocation: sourceLocation)
  #expect(try Message(protobuf: bytes) == message, sourceLocation: sourceLocation)
}

@Test func readsHaveTheGoldenForm() throws {
  try holds(
    GetRequest(partition: partition, key: key, consistency: .stale(maxMilliseconds: 0)),
    "0a0c08071208662f757365723a311208080110651a0200ff1800")
  try holds(GetResponse(row: value, readStamp: Stamp(9)), "0a0c0a0176110807060504030201110900000000000000")
  try holds(MultiGetResponse(rows: [value, nil]), "0a0e0a0c0a01761108070605040302010a00")
  try holds(
    ScanRequest(
      scope: .partition(partition, RowRange(space: 101, start: Array("a".utf8), end: Array("b".utf8))), reverse: true,
      limit: 300, cursor: Array("c".utf8), keysOnly: true),
    "0a1a0a0c08071208662f757365723a31120a080110651a0161220162180120ac022a01633001")
  try holds(ScanRequest(scope: .shard(3, .jobs), limit: 1), "1204080310022001")
  try holds(
    MultiScanRequest(scans: [ScanRequest(scope: .shard(3, .jobs), limit: 1)]), "0a081204080310022001")
  try holds(
    MultiScanResponse(pages: [ScanResponse(rows: [], next: [], readStamp: Stamp(1), appliedIndex: 7)]),
    "0a0b1901000000000000002007")
}

@Test func unchangedHasTheGoldenForm() throws {
  try holds(
    UnchangedRequest(questions: [.init(places: [1, 300], since: [2, 0]), .init(places: [], since: [])]),
    "0a090a0301ac0212020200" + "0a00")
  try holds(UnchangedResponse(unchanged: [true, false], moments: [7]), "0a020100" + "120107")
}

@Test func joinsHaveTheGoldenForm() throws {
  try holds(
    ScanJoinRequest(
      partition: partition, range: RowRange(space: 101), limit: 26,
      join: JoinRule(keyOffset: 0, length: 16, inverted: true, space: 97), alsoGet: [key]),
    "0a0c08071208662f757365723a31120408011065201a32061010180120613a08080110651a0200ff")
  try holds(
    ScanJoinResponse(
      rows: [
        .init(row: Row(key: key, value: Array("e".utf8), version: Stamp(1)), joined: .found(value)),
        .init(row: Row(key: key, value: [], version: Stamp(1)), joined: .same),
      ], also: [nil], next: Array("n".utf8), readStamp: Stamp(4)),
    "0a280a160a08080110651a0200ff12016519010000000000000010011a0c0a01761108070605040302010a170a130a08080110651a0200ff"
      + "190100000000000000100312001a016e210400000000000000")
}

@Test func writesHaveTheGoldenForm() throws {
  let batch = SubBatch(
    partition: partition,
    conditions: [.absent(key), .versionEquals(key, Stamp(3)), .notAfter(milliseconds: 0)],
    operations: [
      .put(key, value: Array("12345678".utf8), valueStampAt: [0, 300]), .delete(key), .deleteRange(RowRange(space: 1)),
      .add(key, delta: -2), .putIfAbsent(key, value: [], keyStampAt: [2]),
    ], scanAfter: RowRange(rowClass: .jobs, space: 106), scanAfterLimit: 64)
  try holds(
    IdentifiedWrite(
      identity: RequestIdentity(clientID: 5, sequence: 300, acknowledgedBelow: 299),
      request: WriteRequest(batches: [batch], traceID: Array(repeating: UInt8(ascii: "t"), count: 16))),
    "0a0f09050000000000000010ac0218ab02128f010a0c08071208662f757365723a31120a0a08080110651a0200ff121512130a08080110651a0200"
      + "ff110300000000000000120228001a1b0a190a08080110651a0200ff12083132333435363738220300ac021a0a1a08080110651a0200ff1a06"
      + "2204080110011a0e2a0c0a08080110651a0200ff10031a0f120d0a08080110651a0200ff1a010222040802106a28401a107474747474747474"
      + "7474747474747474")
  try holds(
    WriteResponse(results: [
      SubBatchResult(failedCondition: nil, stamp: Stamp(8), timeMilliseconds: 1_790_000_000_000),
      SubBatchResult(failedCondition: 0, stamp: Stamp(8), timeMilliseconds: 5),
    ]), "0a101108000000000000001880d8c1a28c340a0d08001108000000000000001805")
}

@Test func fanOutsHaveTheGoldenForm() throws {
  try holds(
    IdentifiedPutMany(
      identity: RequestIdentity(clientID: 5, sequence: 1, acknowledgedBelow: 1),
      request: PutManyRequest(
        app: 7, space: 101, restPrefix: Array(repeating: UInt8(ascii: "p"), count: 32), value: Array("v".utf8),
        targets: [.init(partitionName: Array("f/t:1".utf8), own: .max)], notAfterMilliseconds: 5)),
    "0a0d090500000000000000100118011007180120652a20707070707070707070707070707070707070707070707070707070707070707032017"
      + "63a100a05662f743a3111ffffffffffffffff4005")
  try holds(PutManyResponse(late: [0, 5]), "0a020005")
}

@Test func watchAndTopologyHaveTheGoldenForm() throws {
  try holds(
    WatchEvent.changed(index: 4, partition: partition, key: key, value: nil),
    "0a1a0804120c08071208662f757365723a311a08080110651a0200ff")
  try holds(WatchEvent.progress(index: 0), "1000")
  try holds(
    Topology(
      mapVersion: 1, shards: [.init(id: 0, slotStart: 0, slotEnd: 512, leader: "h:1", replicas: ["h:1"])]),
    "0801120d1880042203683a312a03683a31")
}

@Test func whatIsNoMessageIsRefused() {
  // A row class that does not exist, a space past a byte, a scan of nothing, an operation of no kind.
  #expect(throws: ProtobufError.self) { try RowKey(protobuf: [0x08, 0x07]) }
  #expect(throws: ProtobufError.self) { try RowKey(protobuf: [0x10, 0x80, 0x02]) }
  #expect(throws: ProtobufError.self) { try ScanRequest(protobuf: []) }
  #expect(throws: ProtobufError.self) { try Operation(protobuf: []) }
  #expect(throws: ProtobufError.self) { try Condition(protobuf: []) }
  #expect(throws: ProtobufError.self) { try WatchEvent(protobuf: []) }
}
