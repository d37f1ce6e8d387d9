import Jobs
import KeevoClient
import Model
import Testing

@testable import Feeds

/// Golden bytes of the formats of reactions (B6).
@Suite struct ReactionFormatTests {
  private let activity = ActivityID(ticks: 0x0102_0304_0506_0708, low: 0x8182_8384_8586_8788)
  private let top = ActivityID(ticks: 0x0102_0304_0506_0709, low: 0x8000_0000_0000_0001, version: 4)
  private let own = ActivityID(ticks: 0x0102_0304_0506_070A, low: 0x8000_0000_0000_0002)

  private var path: ReactionPath {
    ReactionPath(
      activity: activity, above: [.init(id: top, epoch: Stamp(5), kind: Array("comment".utf8))],
      own: .init(id: own, epoch: Stamp(6), kind: Array("like".utf8)))
  }

  private func be(_ value: UInt64) -> [UInt8] { FeedKeys.bigEndian(value) }

  private var pathBytes: [UInt8] {
    be(activity.ticks) + be(activity.low) + [1, 2] + be(top.ticks) + be(top.low) + [4] + be(5) + [0, 7]
      + Array("comment".utf8) + be(own.ticks) + be(own.low) + [1] + be(6) + [0, 4] + Array("like".utf8)
  }

  private func cut(_ bytes: [UInt8], _ read: ([UInt8]) throws -> Void) {
    #expect(throws: FormatError.unknown(9)) { try read([9] + bytes.dropFirst()) }
    for length in 0..<bytes.count { #expect(throws: FormatError.self) { try read(Array(bytes.prefix(length))) } }
  }

  private var record: ReactionRecord {
    ReactionRecord(
      path: path, flags: [.hasNotice, .closed], user: Array("bob".utf8), createdAt: ActivityTime(microseconds: 7),
      updatedAt: ActivityTime(microseconds: 8), deletedAt: ActivityTime(microseconds: 9), data: Array("{}".utf8),
      targets: [Array("user:a".utf8)], extra: Array(",\"n\":1".utf8))
  }

  @Test func records() throws {
    let bytes: [UInt8] =
      [1, 6] + pathBytes + [0, 3] + Array("bob".utf8) + be(7) + be(8) + [1] + be(9) + [0, 0, 0, 2] + Array("{}".utf8)
      + [0, 1, 0, 6] + Array("user:a".utf8) + [0, 0, 0, 6] + Array(",\"n\":1".utf8)
    #expect(record.encoded == bytes)
    #expect(try ReactionRecord(bytes) == record)
    cut(bytes) { _ = try ReactionRecord($0) }
    var live = record
    live.deletedAt = nil
    #expect(try ReactionRecord(live.encoded) == live)
    #expect(live.encoded.count == bytes.count - 8)
    #expect(throws: FormatError.self) { try ReactionRecord([1, 8] + bytes.dropFirst(2)) }
  }

  @Test func locatorsHintsAndNotices() throws {
    let locator = ReactionLocator(state: .closed, order: Stamp(3), path: path)
    #expect(locator.encoded().bytes == [1, 1] + be(3) + pathBytes)
    #expect(locator.encoded().stampAt == [])
    #expect(try ReactionLocator(locator.encoded().bytes) == locator)
    cut(locator.encoded().bytes) { _ = try ReactionLocator($0) }
    var fresh = locator
    fresh.path.epoch = .zero
    // The epoch stands before its kind, which ends the row.
    #expect(fresh.encoded().stampAt == [fresh.encoded().bytes.count - 14])
    let hint = ReactionHint(path: path)
    #expect(hint.encoded == [1] + pathBytes)
    #expect(try ReactionHint(hint.encoded).path == path)
    cut(hint.encoded) { _ = try ReactionHint($0) }
    let notice = NoticeRow(order: Stamp(4), feeds: [Array("user:a".utf8)])
    #expect(notice.encoded == [1] + be(4) + [0, 1, 0, 6] + Array("user:a".utf8))
    #expect(try NoticeRow(notice.encoded) == notice)
    cut(notice.encoded) { _ = try NoticeRow($0) }
  }

  @Test func jobs() throws {
    let payload = ReactionPayload(task: .purge, record: record)
    let length = record.encoded.count
    #expect(
      payload.encoded == [1, 2, 0, 0, UInt8(length >> 8), UInt8(truncatingIfNeeded: length)] + record.encoded)
    #expect(try ReactionPayload(payload.encoded) == payload)
    cut(payload.encoded) { _ = try ReactionPayload($0) }
    #expect(ReactionCursor(stage: .collect).encoded == [1, 1])
    #expect(try ReactionCursor([1, 1]).stage == .collect)
    #expect(try ReactionCursor([]).stage == .settle)
    #expect(throws: FormatError.self) { try ReactionCursor([1, 2]) }
  }

  @Test func keys() throws {
    let list = path.list
    #expect(list == ReactionList(id: top, epoch: Stamp(5)))
    #expect(path.ancestors.map(\.id) == [top] && path.ancestors[0].list == ReactionList(id: activity, epoch: .zero))
    #expect(list.partition(AppID(1)).name == Array("r/05060709030441028000000000000001".utf8))
    let id = be(~own.ticks) + be(~own.low) + [254]
    #expect(list.body(path.own).rest == be(5) + Array("like".utf8) + [0] + id)
    #expect(list.deleted(path.own).rest == list.body(path.own).rest)
    #expect(list.gone(path.own).rest == be(5) + id + be(6))
    #expect(list.order(path.own).rest == be(5) + id)
    #expect(list.user(Array("bob".utf8), path.own).rest == be(5) + Array("bob".utf8) + [0] + id)
    #expect(
      list.userKind(Array("bob".utf8), path.own).rest == be(5) + Array("bob".utf8) + [0] + Array("like".utf8) + [0] + id
    )
    #expect(list.count(path.kind).rest == be(5) + Array("like".utf8))
    #expect(ReactionHint.keys(path).map(\.rest) == [id, Array("like".utf8) + [0] + id])
    #expect(ReactionHint.partition(Array("bob".utf8), AppID(1)).name == Array("u/bob".utf8))
    #expect(try ReactionList.id(list.body(path.own).rest) == own)
    let newer = ActivityID(ticks: own.ticks, low: own.low, version: 4)
    #expect(ReactionList.inverted(newer).lexicographicallyPrecedes(ReactionList.inverted(own)), "newest first")
  }
}
