import Testing

@testable import ControlPlane

@Suite struct AuditChainTests {
  static func chain(_ count: Int) -> (rows: [AuditRow], hashes: [[UInt8]]) {
    var rows: [AuditRow] = []
    var previous = AuditRow.chainStart
    for id in 1...count {
      let row = AuditRow(
        id: Int64(id), atMicroseconds: 1_795_000_000_000_000 + Int64(id), actorKind: .cli, actor: "ada@host",
        action: "apply", organisation: 1, app: 2, entityType: "app", entityID: "2", after: "{\"n\":\(id)}",
        previousHash: previous)
      rows.append(row)
      previous = row.hash
    }
    return (rows, rows.map(\.hash))
  }

  @Test func anUntouchedChainHolds() {
    let (rows, hashes) = Self.chain(20)
    #expect(AuditRow.firstBreak(rows, hashes: hashes) == nil)
    #expect(AuditRow.firstBreak([], hashes: []) == nil)
  }

  @Test func everyFieldIsBoundIn() {
    let (rows, hashes) = Self.chain(3)
    let changes: [(inout AuditRow) -> Void] = [
      { $0.atMicroseconds += 1 }, { $0.actorKind = .user }, { $0.actor = "eve" }, { $0.ip = "::1" },
      { $0.action = "other" }, { $0.organisation = nil }, { $0.app = 3 }, { $0.entityType = "key" },
      { $0.entityID = "3" }, { $0.before = "{}" }, { $0.after = nil }, { $0.requestID = "r" },
      { $0.previousHash[0] ^= 1 },
    ]
    for change in changes {
      var changed = rows
      change(&changed[1])
      #expect(AuditRow.firstBreak(changed, hashes: hashes) == 2)
    }
  }

  @Test func aRowTakenOutOrMovedIsNoticed() {
    let (rows, hashes) = Self.chain(4)
    func without(_ index: Int) -> Int64? {
      var rows = rows
      var hashes = hashes
      rows.remove(at: index)
      hashes.remove(at: index)
      return AuditRow.firstBreak(rows, hashes: hashes)
    }
    #expect(without(0) == 2)
    #expect(without(1) == 3)
    #expect(AuditRow.firstBreak([rows[0], rows[2], rows[1]], hashes: [hashes[0], hashes[2], hashes[1]]) == 3)
  }

  @Test func movingTextBetweenFieldsChangesTheHash() {
    var one = Self.chain(1).rows[0]
    var two = one
    (one.entityType, one.entityID) = ("ab", "c")
    (two.entityType, two.entityID) = ("a", "bc")
    #expect(one.hash != two.hash)
    (one.before, one.after) = ("x", nil)
    (two.before, two.after) = (nil, "x")
    two.entityType = "ab"
    two.entityID = "c"
    #expect(one.hash != two.hash)
  }

  /// The hash is a format too: rows already written must stay verifiable.
  @Test func goldenHashOfFormatOne() {
    #expect(
      Hexadecimal.text(Self.chain(1).hashes[0]) == "a43957ac5fa2db402a7718573d2587f74f74b9b6fee6481ef8b74100fb6289d4")
  }
}
