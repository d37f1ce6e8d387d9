import Jobs
import KeevoClient
import Model
import Testing

@testable import Feeds

/// Golden bytes of the rows of aggregated feeds (B6, B15): a change here is a change of what lies on disk.
@Suite struct AggregateFormatTests {
  private func be(_ value: UInt64) -> [UInt8] {
    (0..<8).map { UInt8(truncatingIfNeeded: value >> UInt64(56 - 8 * $0)) }
  }
  private let id = ActivityID(ticks: 0x0102_0304_0506_0708, low: 0x8182_8384_8586_8788)
  private let hash = GroupHash(high: 0x1112, low: 0x1314)
  private let actor = GroupHash(high: 0x2122, low: 0x2324)

  private func cut(_ bytes: [UInt8], _ read: ([UInt8]) throws -> Void) {
    #expect(throws: FormatError.unknown(9)) { try read([9] + bytes.dropFirst()) }
    for length in 0..<bytes.count { #expect(throws: FormatError.self) { try read(Array(bytes.prefix(length))) } }
  }

  @Test func keys() throws {
    let inverted = be(~id.ticks) + be(~id.low)
    let generation: [UInt8] = [0, 0, 0, 7]
    #expect(AggregateKeys.space == UInt8(ascii: "g"))
    #expect(AggregateKeys.state.rest == [0])
    #expect(AggregateKeys.entries(id).rest == [1] + inverted)
    #expect(AggregateKeys.activity(ofEntries: [1] + inverted) == id)
    #expect(AggregateKeys.header(7, hash).rest == [2] + generation + hash.bytes)
    let position = GroupPosition(updatedTicks: 5, id: id)
    #expect(AggregateKeys.position(.order, 7, position).rest == [3] + generation + be(~5) + inverted)
    #expect(AggregateKeys.position(.unseen, 7, position).rest.first == 4)
    #expect(AggregateKeys.position(.unread, 7, position).rest.first == 5)
    #expect(AggregateKeys.member(7, hash, id).rest == [6] + generation + hash.bytes + inverted)
    #expect(AggregateKeys.activity(ofMember: [6] + generation + hash.bytes + inverted) == id)
    #expect(AggregateKeys.actor(7, hash, actor).rest == [7] + generation + hash.bytes + actor.bytes)
  }

  /// The id of a group must never change, nor which header it leads to.
  @Test func groupIDs() {
    let hash = GroupHash(key: "like_2026-11-21", feed: Array("notification:alice".utf8))
    #expect(hash.high == 0x2585_A20C_C686_D1AB)
    let time = ActivityTime(microseconds: 1_795_255_200_000_000)
    let id = hash.groupID(createdAt: time)
    #expect(id.ticks == time.ticks && id.low == 0x8000_0000_0000_0000 | hash.high >> 2 && id.version == 1)
    let range = AggregateKeys.headers(1, idLow: id.low)
    let key = AggregateKeys.header(1, hash).rest
    #expect(!key.lexicographicallyPrecedes(range.start) && key.lexicographicallyPrecedes(range.end))
  }

  @Test func states() throws {
    var state = AggregateState(format: 0x31)
    state.generation = 2
    state.converting = 0x32
    state.groups = 3
    state.seenAll = Stamp(4)
    state.readAll = Stamp(5)
    let bytes: [UInt8] = [1, 0, 0, 0, 2] + be(0x31) + be(0x32) + be(3) + be(4) + be(5)
    #expect(state.encoded == bytes)
    #expect(try AggregateState(bytes) == state)
    cut(bytes) { _ = try AggregateState($0) }
  }

  @Test func entrySets() throws {
    var set = EntrySet()
    set.citations = [
      Citation(via: 1, placement: Stamp(2), edge: Stamp(3), arrival: Stamp(4), kind: .to, position: 5)
    ]
    set.hidden = [.init(via: 6, placement: Stamp(7), edge: Stamp(8))]
    set.gone = [.init(via: 9, placement: Stamp(10))]
    let tail: [UInt8] =
      [0, 1, 1, 0, 5] + be(1) + be(2) + be(3) + be(4) + [0, 1] + be(6) + be(7) + be(8) + [0, 1] + be(9) + be(10)
    #expect(set.encoded().bytes == [1, 0] + tail && set.encoded().stampAt == [])
    set.membership = .init(group: hash, actor: actor, version: Stamp(11), entered: .zero)
    let head = [1, 1] + hash.bytes + actor.bytes + be(11)
    #expect(set.encoded().bytes == head + be(0) + tail && set.encoded().stampAt == [head.count])
    #expect(try EntrySet(set.encoded().bytes) == set)
    cut(set.encoded().bytes) { _ = try EntrySet($0) }
  }

  @Test func headers() throws {
    var header = GroupHeader(hash: hash, key: "k", createdAt: ActivityTime(microseconds: 2))
    header.activities = 3
    header.actors = 4
    header.seenAt = Stamp(5)
    header.readAt = Stamp(6)
    header.head = [.init(id: id, member: GroupMember(via: 7, placement: Stamp(8)))]
    let bytes: [UInt8] =
      [1] + hash.bytes + be(2) + be(3) + be(0) + be(5) + be(6) + be(4) + [0, 1, UInt8(ascii: "k"), 0, 1] + be(id.ticks)
      + be(id.low) + be(7) + be(8)
    #expect(header.encoded == bytes)
    #expect(Array(bytes[GroupHeader.enteredOffset..<GroupHeader.enteredOffset + 8]) == be(0))
    #expect(try GroupHeader(bytes) == header)
    cut(bytes) { _ = try GroupHeader($0) }
    let member = GroupMember(via: 7, placement: Stamp(8))
    #expect(member.encoded == [1] + be(7) + be(8))
    #expect(try GroupMember(member.encoded) == member)
    cut(member.encoded) { _ = try GroupMember($0) }
  }

  @Test func jobs() throws {
    let placement = Placement(feed: [66], kind: .to, epoch: Stamp(2))
    let fan = FanOutPayload(id: id, items: [.init(feed: [65], kind: .own)], renewals: [placement])
    let head = [2] + be(id.ticks) + be(id.low) + [1, 0, 1, 0, 0, 1, 65]
    #expect(fan.encoded == head + [0, 1, 1] + be(2) + [0, 1, 66])
    #expect(try FanOutPayload(fan.encoded) == fan)
    cut(fan.encoded) { _ = try FanOutPayload($0) }
    let cursor = GarbageCursor(place: .init(item: 2, after: [9]), leftMarks: true, dueMilliseconds: 3)
    #expect(cursor.encoded == [2, 0, 2, 0, 1, 9, 1] + be(3))
    #expect(try GarbageCursor(cursor.encoded) == cursor)
    cut(cursor.encoded) { if !$0.isEmpty { _ = try GarbageCursor($0) } else { throw FormatError.truncated } }
    #expect(try GarbageCursor(PlacementCursor(item: 2, after: [9]).encoded).place == cursor.place, "format 1")
    let regroup = RegroupPayload(format: 4)
    #expect(regroup.encoded == [1] + be(4))
    #expect(try RegroupPayload(regroup.encoded) == regroup)
    cut(regroup.encoded) { _ = try RegroupPayload($0) }
  }

  @Test func shownCitationsAreOwnOnesThenTheFirstPlaced() {
    var set = EntrySet()
    #expect(set.shown == nil)
    let late = Citation(via: 5, placement: Stamp(9), edge: Stamp(1), arrival: Stamp(1), kind: .own, position: 0)
    let early = Citation(via: 6, placement: Stamp(3), edge: Stamp(1), arrival: Stamp(1), kind: .own, position: 2)
    let twin = Citation(via: 7, placement: Stamp(3), edge: Stamp(1), arrival: Stamp(1), kind: .to, position: 1)
    let own = Citation(via: 0, placement: Stamp(20), edge: .zero, arrival: .zero, kind: .to, position: 7)
    set.citations = [late, early]
    #expect(set.shown == early)
    set.citations.append(twin)
    #expect(set.shown == twin)
    set.citations.append(own)
    #expect(set.shown == own)
    set.hidden = [own, twin].map { .init(via: $0.via, placement: $0.placement, edge: $0.edge) }
    #expect(set.shown == early)
  }

  @Test func theVerbIsCutFromTheStoredBody() throws {
    let input = ActivityInput(actor: #"a"\"#, verb: #"li"ke"#, object: "o", idLowBits: 0)
    let body = ActivityBody(input, id: id, time: ActivityTime(microseconds: 0), to: [])
    let stored = StoredActivity(id: id, version: .zero, body: body.bytes, originOffset: body.originOffset)
    #expect(String(decoding: stored.verb, as: UTF8.self) == #""li\"ke""#)
    #expect(String(decoding: stored.actorText, as: UTF8.self) == #""a\"\\""#)
    let broken = StoredActivity(id: id, version: .zero, body: Array("{}".utf8), originOffset: 0)
    #expect(String(decoding: broken.verb, as: UTF8.self) == "\"\"")
  }
}
