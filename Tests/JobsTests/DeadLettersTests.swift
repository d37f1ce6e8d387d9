import KeevoClient
import Testing

@testable import Jobs

@Suite struct DeadLettersTests {
  private static let trace = Array(UInt8(1)...16)
  private let store = MemoryStore()
  private var letters: DeadLetters { DeadLetters(store) }

  private func bury(_ number: Int, app: UInt32 = 1, kind: JobKind = .fanOut, value: [UInt8]? = nil) async throws {
    let key = RowKey(rowClass: .jobs, space: JobID.deadSpace, rest: [0, 0, 0, 0, 0, 0, 0, UInt8(number), 0])
    var record = JobRecord(kind: kind, madeAtMilliseconds: 5, traceID: Self.trace, payload: [1])
    record.attempts = 50
    record.cursor = [9]
    let batch = SubBatch(
      partition: Partition(app: app, "user:\(number)"), operations: [.put(key, value: value ?? record.encoded())])
    _ = try await store.write(WriteRequest(batches: [batch]))
  }

  @Test func listsAreFilteredByAppAndKindAndCut() async throws {
    for number in 0..<20 { try await bury(number, app: number < 12 ? 1 : 2, kind: number % 2 == 0 ? .copy : .fanOut) }
    #expect(try await letters.list().letters.count == 20)
    let theirs = try await letters.list(.init(app: 2)).letters
    #expect(theirs.count == 8 && theirs.allSatisfy { $0.name.partition.app == 2 })
    let copies = try await letters.list(.init(app: 1, kind: .copy)).letters
    #expect(copies.count == 6 && copies.allSatisfy { $0.record.kind == .copy && $0.name.partition.app == 1 })
    let cut = try await letters.list(limit: 5)
    #expect(cut.letters.count == 5 && cut.isCut)
    #expect(try await letters.list(limit: 20).isCut == false)
  }

  @Test func aNewerVersionsLettersAreCountedNotHidden() async throws {
    try await bury(1)
    try await bury(2, value: [99, 1, 2])
    let found = try await letters.list()
    #expect(found.letters.count == 1 && found.unreadable == 1)
  }

  @Test func aReplayedLetterIsAJobAgainFromItsCursorOnce() async throws {
    try await bury(7)
    let letter = try #require(try await letters.list().letters.first)
    #expect(try await letters.replay(letter))
    #expect(try await letters.list().letters.isEmpty)
    let row = try await store.get(
      GetRequest(
        partition: letter.name.partition, key: RowKey(rowClass: .jobs, space: JobID.space, rest: letter.name.rest))
    ).row
    let record = try JobRecord(try #require(row).value)
    #expect(record.attempts == 0 && record.cursor == [9] && record.holder == 0 && record.traceID == Self.trace)
    #expect(try await letters.replay(letter) == false)
    #expect(try await letters.drop(letter) == false)
  }

  @Test func aDroppedLetterIsGone() async throws {
    try await bury(7)
    let letter = try #require(try await letters.list().letters.first)
    #expect(try await letters.drop(letter))
    #expect(try await letters.letter(letter.name) == nil)
  }

  @Test(arguments: ["1/user:ada/00ff", "4294967295/a/b/c/0a"])
  func namesComeBackAsTheyWereWritten(_ text: String) throws {
    #expect(try #require(DeadLetterName(text)).description == text)
  }

  @Test(arguments: [
    "", "1/00", "x/user/00", "1//00", "1/user/", "1/user/0", "1/user/+1", "1/user/zz", "-1/user/00", "1/ü/00",
  ])
  func whatIsNoNameIsRefused(_ text: String) { #expect(DeadLetterName(text) == nil) }
}
