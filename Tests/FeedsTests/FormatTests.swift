import Jobs
import KeevoClient
import Model
import Testing

@testable import Feeds

/// Golden bytes of every format (B6): a change here is a change of what lies on disk.
@Suite struct FormatTests {
  private func be(_ value: UInt64) -> [UInt8] {
    (0..<8).map { UInt8(truncatingIfNeeded: value >> UInt64(56 - 8 * $0)) }
  }
  private let id = ActivityID(ticks: 0x0102_0304_0506_0708, low: 0x8182_8384_8586_8788)

  private func cut(_ bytes: [UInt8], _ read: ([UInt8]) throws -> Void) {
    #expect(throws: FormatError.unknown(9)) { try read([9] + bytes.dropFirst()) }
    for length in 0..<bytes.count { #expect(throws: FormatError.self) { try read(Array(bytes.prefix(length))) } }
  }

  @Test func partitionsAreNamedAsTheJoinNamesThem() throws {
    let key = EntryKey(id, via: 0, placement: Stamp(5), edge: .zero)
    let partition = FeedKeys.activity(id, AppID(1))
    #expect(partition.name == Array("01020304050607088182838485868788".utf8))
    #expect(EntryKey.join.partitionName(of: key.rest) == partition.name)
    #expect(FeedKeys.feed(try #require(FeedID("user:a")), AppID(1)).name == Array("f/user:a".utf8))
  }

  @Test func theHashOfAFeedNeverChanges() {
    #expect(FeedKeys.feedHash(Array("user:alice".utf8)) == 0xA7FC_ACB7_E5A5_A569)
    #expect(FeedKeys.feedHash([]) != 0)
  }

  @Test func entries() throws {
    let key = EntryKey(id, via: 0x11, placement: Stamp(0x22), edge: Stamp(0x33))
    let rest = be(~id.ticks) + be(~id.low) + be(0x11) + be(0x22) + be(0x33)
    #expect(key.rest == rest)
    #expect(EntryKey(rest) == key)
    #expect(key.hide.rest == rest + [1])
    #expect(EntryKey.isHide(key.hide.rest) && !EntryKey.isHide(rest))
    let value = EntryValue(kind: .to, arrival: Stamp(0x44))
    #expect(value.encoded == [1, 1] + be(0x44))
    #expect(try EntryValue(value.encoded) == value)
    cut(value.encoded) { _ = try EntryValue($0) }
    let newer = ActivityID(ticks: id.ticks + 1, low: 0)
    #expect(
      EntryKey(newer, via: 9, placement: Stamp(9), edge: Stamp(9)).rest.lexicographicallyPrecedes(rest), "newest first")
  }

  @Test func activities() throws {
    let placements = [
      Placement(feed: Array("user:a".utf8), kind: .own, epoch: Stamp(7)),
      Placement(feed: Array("flat:b".utf8), kind: .to),
    ]
    let input = ActivityInput(actor: "a", verb: "v", object: "o", customMembers: Array(",\"c\":1".utf8), idLowBits: 0)
    let body = ActivityBody(input, id: id, time: ActivityTime(microseconds: 0), to: [placements[1].feed])
    let record = ActivityRecord(idVersion: 1, foreignIDHash: [1, 2], placements: placements, body: body)
    let encoded = record.encoded()
    let head: [UInt8] =
      [1, 1, 0, 0, 2, 1, 2, 0, 2] + [0] + be(7) + [0, 6] + Array("user:a".utf8) + [1] + be(0) + [0, 6]
      + Array("flat:b".utf8)
    #expect(Array(encoded.bytes.prefix(head.count)) == head)
    #expect(encoded.stampAt == [27])
    #expect(try ActivityRecord(encoded.bytes) == record)
    var other = record
    other.placements.removeLast()
    other.renewTo([])
    #expect(!String(decoding: other.body, as: UTF8.self).contains("\"to\""))
    #expect(String(decoding: other.body, as: UTF8.self).hasSuffix("\"origin\":,\"c\":1}"))
    other.placements = record.placements
    other.renewTo([placements[1].feed])
    #expect(other == record)
    #expect(throws: FormatError.unknown(9)) { try ActivityRecord([9] + encoded.bytes.dropFirst()) }
    for length in 0..<50 {
      #expect(throws: FormatError.self) { try ActivityRecord(Array(encoded.bytes.prefix(length))) }
    }
  }

  @Test func usersAndObjects() throws {
    let created = ActivityTime(microseconds: 5)
    let updated = ActivityTime(microseconds: 6)
    let user = Entity(.user("bob"), data: Array("{\"a\": 1}".utf8), owner: nil, createdAt: created, updatedAt: updated)
    let body =
      #"{"id":"bob","data":{"a": 1},"created_at":"1970-01-01T00:00:00.000005Z","#
      + #""updated_at":"1970-01-01T00:00:00.000006Z"}"#
    let golden: [UInt8] = [1] + be(5) + be(6) + [0, 0, 0, 0, 0, UInt8(body.utf8.count)]
    #expect(user.encoded() == golden + Array(body.utf8))
    #expect(try Entity(user.encoded()) == user)
    cut(user.encoded()) { _ = try Entity($0) }
    let object = Entity(
      .object(collection: "food", id: "b1"), data: [0x7B, 0x7D], owner: "al", createdAt: created, updatedAt: updated)
    let head: [UInt8] = [1] + be(5) + be(6) + [0, 2, 0x61, 0x6C]
    #expect(Array(object.encoded().prefix(21)) == head)
    #expect(
      String(decoding: object.body, as: UTF8.self).hasPrefix(
        #"{"id":"b1","collection":"food","foreign_id":"food:b1","data":{},"created_at":"#))
    #expect(try Entity(object.encoded()) == object)
    #expect(EntityName.user("bob").item(AppID(1)).partition.name == Array("u/bob".utf8))
    #expect(
      EntityName.object(collection: "food", id: "b1").item(AppID(1)).partition.name == Array("o/food/b1".utf8))
  }

  @Test func placementsInRows() throws {
    let placement = Placement(feed: [65, 66], kind: .many, epoch: Stamp(7), row: 0x0102)
    let key = PlacementRow.key(placement)
    #expect(key.space == UInt8(ascii: "p"))
    #expect(key.rest == be(FeedKeys.feedHash([65, 66])) + be(7))
    #expect(Array(key.rest[PlacementRow.epochOffset...]) == be(7))
    let value = PlacementRow.value(placement)
    #expect(value == [1, 2, 1, 2, 0, 2, 65, 66])
    #expect(try PlacementRow.placement(key.rest, value) == placement)
    cut(value) { _ = try PlacementRow.placement(key.rest, $0) }
    let input = ActivityInput(actor: "a", verb: "v", object: "o", idLowBits: 0)
    let body = ActivityBody(input, id: id, time: ActivityTime(microseconds: 0), to: [])
    var record = ActivityRecord(idVersion: 1, foreignIDHash: [], placements: [], body: body)
    let without = record.encoded().bytes
    record.more = 0x0304
    #expect(record.encoded().bytes.prefix(11) == [1, 1, 1, 0, 0, 0, 0, 0, 0, 3, 4])
    #expect(record.encoded().bytes.dropFirst(11).elementsEqual(without.dropFirst(7)))
    #expect(try ActivityRecord(record.encoded().bytes) == record)
  }

  @Test func auditEntries() throws {
    let entry = AuditEntry(
      .collectionObject, id: "é", action: .delete, userID: "u", createdAt: ActivityTime(microseconds: 5))
    #expect(entry.encoded == [1, 4, 3] + be(5) + [0, 2, 0xC3, 0xA9, 0, 1, 0x75])
    #expect(try AuditEntry(entry.encoded) == entry)
    cut(entry.encoded) { _ = try AuditEntry($0) }
    #expect(Array(entry.key.rest.prefix(8)) == be(~entry.createdAt.ticks), "newest first")
    #expect(entry.key.rest.count == AuditLog.cursorBytes)
    let length = UInt8(entry.encoded.count)
    let both = ChangeNote(entry: entry, activity: .init(id: id, actor: "SU:a"))
    #expect(
      both.encoded == [1, 0, length] + entry.encoded + [1] + be(id.ticks) + be(id.low) + [1, 0, 4] + Array("SU:a".utf8))
    #expect(try ChangeNote(both.encoded) == both)
    cut(both.encoded) { _ = try ChangeNote($0) }
    let one = ChangeNote(entry: entry)
    #expect(one.encoded == [1, 0, length] + entry.encoded + [0])
    #expect(try ChangeNote(one.encoded) == one)
    let other = ChangeNote(entry: nil, activity: .init(id: id, actor: "b"))
    #expect(try ChangeNote(other.encoded) == other)
  }

  @Test func followsAndEdges() throws {
    var record = FollowRecord(since: Stamp(3), before: nil, createdAt: ActivityTime(microseconds: 5))
    record.kept = true
    record.former = [FormerRelation(epoch: Stamp(10), since: Stamp(11), until: Stamp(12))]
    record.epoch = Stamp(1)
    record.turn = Stamp(2)
    record.until = Stamp(4)
    record.updatedAt = ActivityTime(microseconds: 6)
    let former = [1] + be(10) + be(11) + be(12)
    let bytes = [1, 1, 1] + be(1) + be(2) + be(3) + be(4) + be(.max) + be(5) + be(6) + former
    #expect(record.encoded == bytes)
    #expect(Array(bytes[FollowRecord.epochOffset..<FollowRecord.epochOffset + 8]) == be(1))
    #expect(Array(bytes[FollowRecord.turnOffset..<FollowRecord.turnOffset + 8]) == be(2))
    #expect(try FollowRecord(bytes) == record)
    cut(bytes) { _ = try FollowRecord($0) }
    let edge = FollowerEdge(record, state: .none, turn: Stamp(9))
    #expect(edge.encoded == [1, 0, 1] + be(1) + be(9) + be(3) + be(.max) + be(5) + be(6) + former)
    #expect(try FollowerEdge(edge.encoded) == edge)
    cut(edge.encoded) { _ = try FollowerEdge($0) }
    let order = FollowOrderRow(other: [65], createdAt: record.createdAt, updatedAt: record.updatedAt)
    #expect(order.encoded == [1] + be(5) + be(6) + [0, 1, 65])
    #expect(try FollowOrderRow(order.encoded) == order)
    cut(order.encoded) { _ = try FollowOrderRow($0) }
  }

  @Test func ends() throws {
    var edges = EdgesRow()
    edges.ends = [EdgeEnd(source: 1, epoch: Stamp(2), last: Stamp(3))]
    edges.more = 4
    let bytes = [1, 0, 0, 0, 4, 0, 0, 0, 1] + be(1) + be(2) + be(3) + [0, 0, 0, 0]
    #expect(edges.encoded == bytes)
    #expect(try EdgesRow(bytes) == edges)
    cut(bytes) { _ = try EdgesRow($0) }
    #expect(throws: FormatError.self) { try EdgesRow(Array(bytes.dropLast()) + [1]) }
    #expect(try EdgesRow([2] + bytes.dropFirst()) == edges, "both formats are read")
    #expect(try EdgesRow.decodeMore(EdgesRow.encodeMore(edges.ends)) == edges.ends)
  }

  @Test func pullEdges() throws {  // B12
    var edges = EdgesRow()
    edges.ends = [EdgeEnd(source: 1, epoch: Stamp(2), last: Stamp(3))]
    edges.pulls = [
      PullEdge(target: [65, 66], epoch: Stamp(4), after: Stamp(5), madeAtMilliseconds: 6),
      PullEdge(target: [67], epoch: Stamp(7), after: Stamp(8), until: 9, madeAtMilliseconds: 10),
    ]
    let ends = [0, 0, 0, 0, 0, 0, 0, 1] + be(1) + be(2) + be(3)
    let first = [0, 2, 65, 66] + be(4) + be(5) + be(.max) + be(6)
    let second = [0, 1, 67] + be(7) + be(8) + be(9) + be(10)
    let bytes = [2] + ends + [0, 0, 0, 2] + first + second
    #expect(edges.encoded == bytes)
    #expect(try EdgesRow(bytes) == edges)
    cut(bytes) { _ = try EdgesRow($0) }
    #expect(edges.pulls[1].takes(Stamp(9)) && !edges.pulls[1].takes(Stamp(10)) && !edges.pulls[1].takes(Stamp(8)))

    let end = UnfollowPayload(target: [65], epoch: Stamp(1), keepHistory: true, last: Stamp(2), pullAfter: 3)
    #expect(end.encoded == [2, 0, 1, 65] + be(1) + [1] + be(2) + be(3))
    #expect(try UnfollowPayload(end.encoded) == end)
    cut(end.encoded) { _ = try UnfollowPayload($0) }
    var cursor = UnfollowCursor()
    cursor.stage = .copy
    #expect(cursor.encoded == [2, 3] + be(0) + [0, 0])
    #expect(try UnfollowCursor(cursor.encoded) == cursor)

    let relay = RelayPayload(target: [65], epoch: Stamp(1), pulls: true, after: Stamp(2))
    #expect(relay.encoded == [1, 0, 1, 65] + be(1) + [1] + be(2))
    #expect(try RelayPayload(relay.encoded) == relay)
    cut(relay.encoded) { _ = try RelayPayload($0) }
    #expect(IdlePayload.leave(day: 3).encoded == [1, 0] + be(3))
    #expect(IdlePayload.return.encoded == [1, 1])
    for payload in [IdlePayload.leave(day: 3), .return] {
      #expect(try IdlePayload(payload.encoded) == payload)
      cut(payload.encoded) { _ = try IdlePayload($0) }
    }
    let read = LastRead(atMilliseconds: 5, isIdle: true)
    #expect(read.encoded == [1] + be(5) + [1])
    #expect(try LastRead(read.encoded) == read)
    cut(read.encoded) { _ = try LastRead($0) }
    let reach = ReachRow(pulls: true)
    #expect(reach.encoded == [1, 1])
    #expect(try ReachRow(reach.encoded) == reach)
    cut(reach.encoded) { _ = try ReachRow($0) }
  }

  @Test func buckets() throws {  // B11
    var row = BucketsRow()
    #expect(row.encoded == [1, 0, 1] + be(0) + [0, 0, 0, 0, 1, 0, 0, 0, 0])
    row.buckets.append(.init(start: 0x10, number: 2, from: 3, isFilled: false))
    #expect(row.encoded == [1, 0, 2] + be(0) + [0, 0, 0, 0, 1, 0, 0, 0, 0] + be(0x10) + [0, 0, 0, 2, 2, 0, 0, 0, 3])
    #expect(try BucketsRow(row.encoded) == row)
    cut(row.encoded) { _ = try BucketsRow($0) }
    #expect(row.index(of: 0xF) == 0 && row.index(of: 0x10) == 1 && row.end(0) == 0x10 && row.end(1) == nil)
    #expect(row.numbers == [0, 2, 3] && row.isSplitting && row.buckets[1].read == 3)
    let split = SplitPayload(number: 2, from: 1, start: 3, end: nil)
    #expect(split.encoded == [1, 0, 0, 0, 2, 0, 0, 0, 1] + be(3) + [0] + be(0))
    for payload in [split, SplitPayload(number: 2, from: 1, start: 3, end: 4)] {
      #expect(try SplitPayload(payload.encoded) == payload)
      cut(payload.encoded) { _ = try SplitPayload($0) }
    }
    var cursor = SplitCursor(stage: .clears, dueMilliseconds: 5)
    cursor.after = [9]
    #expect(cursor.encoded == [1, 3] + be(5) + [0, 1, 9])
    #expect(try SplitCursor(cursor.encoded) == cursor)
    let record = FollowRecord(since: Stamp(3), before: nil, createdAt: ActivityTime(microseconds: 5))
    var edge = FollowerEdge(record, state: .live, turn: Stamp(9))
    edge.isElsewhere = true
    #expect(edge.encoded == [2, 1, 2] + be(0) + be(9) + be(3) + be(.max) + be(5) + be(5) + [0])
    #expect(try FollowerEdge(edge.encoded) == edge)
    #expect(!edge.isCounted)
  }

  @Test func jobs() throws {
    let fan = FanOutPayload(id: id, items: [.init(feed: [65], kind: .to)])
    #expect(fan.encoded == [1] + be(id.ticks) + be(id.low) + [1, 0, 1, 1, 0, 1, 65])
    #expect(try FanOutPayload(fan.encoded) == fan)
    cut(fan.encoded) { _ = try FanOutPayload($0) }
    let hinted = FanOutPayload(id: id, items: [], foreignID: [7, 8])
    #expect(hinted.encoded.first == 3 && hinted.encoded.suffix(6) == [0, 0, 0, 2, 7, 8])
    #expect(try FanOutPayload(hinted.encoded) == hinted)
    cut(hinted.encoded) { _ = try FanOutPayload($0) }
    let garbage = GarbagePayload(
      id: id, feed: [66], gone: [Placement(feed: [65], kind: .own, epoch: Stamp(2))],
      hides: [EntryKey(id, via: 1, placement: Stamp(2), edge: Stamp(3))], foreignIDHash: [7])
    #expect(try GarbagePayload(garbage.encoded) == garbage)
    cut(garbage.encoded) { _ = try GarbagePayload($0) }
    let copy = CopyPayload(target: [65], limit: 100, since: Stamp(2))
    #expect(copy.encoded == [1, 0, 1, 65, 0, 100] + be(2) + be(.max))
    #expect(try CopyPayload(copy.encoded) == copy)
    cut(copy.encoded) { _ = try CopyPayload($0) }
    let end = UnfollowPayload(target: [65], epoch: Stamp(1), keepHistory: true, last: Stamp(2))
    #expect(end.encoded == [1, 0, 1, 65] + be(1) + [1] + be(2))
    #expect(try UnfollowPayload(end.encoded) == end)
    cut(end.encoded) { _ = try UnfollowPayload($0) }
    var cursor = UnfollowCursor()
    cursor.stage = .last
    cursor.endedAtMilliseconds = 3
    cursor.after = [9]
    #expect(cursor.encoded == [1, 2] + be(3) + [0, 1, 9])
    #expect(try UnfollowCursor(cursor.encoded) == cursor)
    let place = PlacementCursor(item: 2, after: [9])
    #expect(place.encoded == [1, 0, 2, 0, 1, 9])
    #expect(try PlacementCursor(place.encoded) == place)
  }
}
