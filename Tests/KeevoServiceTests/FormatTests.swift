import KeevoClient
import Testing

@testable import KeevoService

private func hex(_ bytes: [UInt8]) -> String {
  bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
}

/// Golden bytes of everything that is stored (B6): a change here is a new format number, not an edit.
@Suite struct FormatTests {
  private let identity = RequestIdentity(clientID: 0x0102_0304_0506_0708, sequence: 9, acknowledgedBelow: 5)

  private var command: Command {
    Command(
      identity: identity, traceID: [UInt8](repeating: 0xAB, count: 16),
      body: .write([
        SubBatch(
          partition: Partition(app: 7, "f/user:1"),
          conditions: [
            .absent(RowKey(space: 0x61, rest: [1])), .versionEquals(RowKey(space: 0x61), Stamp(0x10)),
            .valueEquals(RowKey(space: 0x61), [2]), .rangeEmpty(RowRange(space: 0x62, start: [1], end: [2])),
            .notAfter(milliseconds: 256),
          ],
          operations: [
            .put(RowKey(space: 0x65, rest: [UInt8](repeating: 0, count: 8)), value: [1, 2], keyStampAt: [0]),
            .putIfAbsent(
              RowKey(rowClass: .jobs, space: 0x6A), value: [UInt8](repeating: 3, count: 8), valueStampAt: [0]),
            .delete(RowKey(space: 0x66, rest: [4])), .deleteRange(RowRange(space: 0x67)),
            .add(RowKey(space: 0x63), delta: -1),
          ], scanAfter: RowRange(space: 0x63, start: [1]), scanAfterLimit: 10)
      ]))
  }

  @Test func logRecord() throws {
    let record = LogRecord.entry(LogEntry(term: 3, index: 258, kind: .command, payload: [1, 2, 3]), shard: 5)
    var writer = ByteWriter()
    record.encode(into: &writer, seed: 42, roundOffset: 0)
    #expect(
      hex(writer.bytes)
        == "50b97f5b000000030000000000050101000000000000000300000000000001020102030000000000")
    let read = try LogRecord.decode(writer.bytes, at: 0, seed: 42)
    #expect(read?.record == record)
    #expect(try LogRecord.decode(writer.bytes, at: 0, seed: 43) == nil)
  }

  @Test func segmentHeader() {
    #expect(hex(LogSegment.header(sequence: 258)) == "4b4545564f4c4f4700000001000000000000000000000102000000009d22900b")
  }

  @Test func writeCommand() throws {
    let payload = CommandEncoding.encodeEntry(timeMilliseconds: 1_000, commands: [CommandEncoding.encode(command)])
    #expect(
      hex(payload)
        == "0100000000000003e800000001000000ce010102030405060708000000000000000900000000000000050010abababab"
        + "abababababababababababab00000001000000070008662f757365723a31000000050101610001010201610000000000"
        + "000000001003016100000000000102040162000101000102050000000000000100000000050101650008000000000000"
        + "0000000000020102000100000000000002026a0000000000080303030303030303000000010000000003016600010404"
        + "0167000000000501630000ffffffffffffffff01016300010100000000000a")
    let read = try CommandEncoding.decodeEntry(payload)
    #expect(read.timeMilliseconds == 1_000)
    #expect(read.commands == [command])
  }

  @Test func putManyCommand() throws {
    let command = Command(
      identity: identity, traceID: [],
      body: .putMany(
        PutManyRequest(
          app: 7, space: 0x65, restPrefix: [1], value: [2, 3],
          targets: [.init(partitionName: Array("f/timeline:a".utf8), own: 0x1122)], notAfterMilliseconds: 77)))
    let payload = CommandEncoding.encodeEntry(timeMilliseconds: 1, commands: [CommandEncoding.encode(command)])
    #expect(
      hex(payload)
        == "010000000000000001000000010000004c02010203040506070800000000000000090000000000000005000000000007"
        + "0165000101000000020203000000000000004d00000001000c662f74696d656c696e653a610000000000001122")
    #expect(try CommandEncoding.decodeEntry(payload).commands == [command])
  }

  @Test func storedKey() {
    let key = StoredKey.encode(
      Partition(app: 0x0102_0304, "f/a:b"), RowKey(rowClass: .jobs, space: 0x6A, rest: [0, 255]))
    #expect(hex(key) == "020ccf01020304662f613a62006a00ff")
    let read = StoredKey.decode(key)
    #expect(read?.partition == Partition(app: 0x0102_0304, "f/a:b"))
    #expect(read?.key == RowKey(rowClass: .jobs, space: 0x6A, rest: [0, 255]))
  }

  @Test func slotIsTheChecksumModulo4096() {
    #expect(CRC32C.of(Array("123456789".utf8)) == 0xE306_9283)
    #expect(Partition(app: 1, "f/user:1").slot == 2840)
  }

  @Test func storedRow() throws {
    let row = StoredRow.encode([1, 2], version: Stamp(mapEpoch: 1, index: 2, ordinal: 3))
    #expect(hex(row) == "010100000000020003" + "0102")
    #expect(
      try StoredRow.decode(row) == VersionedValue(value: [1, 2], version: Stamp(mapEpoch: 1, index: 2, ordinal: 3)))
    #expect(throws: StoreError.self) { try StoredRow.decode([2] + row.dropFirst()) }
    #expect(throws: StoreError.self) { try StoredRow.decode([1, 0]) }
  }

  @Test func appliedMark() throws {
    let mark = AppliedMark(index: 258, term: 3, timeMilliseconds: 1_000)
    #expect(hex(mark.encode()) == "01" + "0000000000000102" + "0000000000000003" + "00000000000003e8")
    #expect(try AppliedMark.decode(mark.encode()) == mark)
  }

  @Test func requestTableRow() throws {
    let result = CommandResult.write([
      SubBatchResult(failedCondition: 2, stamp: Stamp(0x11), timeMilliseconds: 500),
      SubBatchResult(
        failedCondition: nil, stamp: Stamp(0x12), timeMilliseconds: 500,
        scanned: [Row(key: RowKey(space: 0x61, rest: [9]), value: [8], version: Stamp(0x10))]),
    ])
    let requests = [(identity: identity, result: result), (identity: identity, result: .putMany(late: true))]
    let row = RequestTable.encodeRow(timeMilliseconds: 500, requests)
    #expect(
      hex(row)
        == "0100000000000001f4000000020102030405060708000000000000000900000000000000050000003701000000020000"
        + "0002000000000000001100000000ffffffff000000000000001200000001016100010900000000000000100000000108"
        + "010203040506070800000000000000090000000000000005000000020201")
    let read = try RequestTable.decodeRow(row)
    #expect(read.timeMilliseconds == 500)
    #expect(read.requests.map(\.result) == [result, .putMany(late: true)])
    #expect(read.requests.map(\.identity) == [identity, identity])
  }

  @Test func nodeMeta() throws {
    let meta = NodeMeta(nodeID: 3, shards: 8, salt: 0xABC)
    #expect(meta.text == "format=1\nnode-id=3\nshards=8\nsalt=abc\ncrc32c=b2b7448d\n")
    #expect(try NodeMeta.parse(meta.text) == meta)
    #expect(throws: StoreError.self) { try NodeMeta.parse(meta.text.replacing("shards=8", with: "shards=4")) }
  }
}
