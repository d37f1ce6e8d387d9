import JSON
import Jobs
import KeevoClient
import ServiceKit
import Synchronization
import Testing

@testable import WorkerService

@Suite struct DeadLettersCommandTests {
  private let store = MemoryStore()

  private func bury(_ number: Int, app: UInt32 = 1, kind: JobKind = .fanOut) async throws {
    let key = RowKey(rowClass: .jobs, space: JobID.deadSpace, rest: [UInt8(number)])
    var record = JobRecord(
      kind: kind, madeAtMilliseconds: 1_700_000_000_000, traceID: Array(repeating: 0xAB, count: 16), payload: [0x0F])
    record.attempts = 50
    record.lastError = "the store was away"
    let batch = SubBatch(
      partition: Partition(app: app, "user:\(number)"), operations: [.put(key, value: record.encoded())])
    _ = try await store.write(WriteRequest(batches: [batch]))
  }

  private func run(_ words: String...) async throws -> (code: Int32, said: [String], complained: [String]) {
    let said = Lines()
    let complained = Lines()
    var run = DeadLettersRun(letters: DeadLetters(store), options: try DeadLettersOptions(words))
    run.output = { said.add($0) }
    run.complain = { complained.add($0) }
    return (await run.run(), said.all, complained.all)
  }

  private final class Lines: Sendable {
    private let lines = Mutex<[String]>([])
    func add(_ line: String) { lines.withLock { $0.append(line) } }
    var all: [String] { lines.withLock { $0 } }
  }

  @Test func aListSaysWhatFailedAndWhy() async throws {
    try await bury(1)
    let (code, said, _) = try await run("list")
    #expect(code == 0)
    #expect(
      said == ["1/user:1/01  fan-out  made 2023-11-14T22:13:20.000000Z  50 failures: the store was away"])
    let json = try JSONValue(parsing: try await run("list", "--output", "json").said.joined())
    let first = try #require(json["results"]?.array?.first)
    #expect(first["name"]?.string == "1/user:1/01" && first["trace"]?.string == String(repeating: "ab", count: 16))
    #expect(json["more"]?.boolean == false)
  }

  @Test func showHoldsWhatTheJobWasToDo() async throws {
    try await bury(1)
    let shown = try JSONValue(parsing: try await run("show", "1/user:1/01").said.joined())
    #expect(shown["payload"]?.string == "0f" && shown["failures"]?.integer == 50)
  }

  @Test func namedLettersAreReplayedAndMissingOnesAreNamed() async throws {
    for number in 1...3 { try await bury(number) }
    let (code, said, complained) = try await run("replay", "1/user:1/01", "2/user:2/02", "1/user:3/03")
    #expect(code == 3 && said == ["2 replayed"] && complained == ["2/user:2/02 is not among the dead letters"])
    #expect(try await DeadLetters(store).list().letters.map { "\($0.name)" } == ["1/user:2/02"])
  }

  @Test func allOfOneAppAndKindAndNoOthers() async throws {
    for number in 1...4 { try await bury(number, app: number < 4 ? 1 : 2, kind: number == 1 ? .copy : .fanOut) }
    #expect(try await run("drop", "--all", "--app", "1", "--kind=fan-out").said == ["2 dropped"])
    let left = try await DeadLetters(store).list().letters.map { "\($0.name)" }
    #expect(Set(left) == ["1/user:1/01", "2/user:4/04"])
    #expect(try await run("replay", "--all", "--output", "json").said == [#"{"replayed":2}"#])
    #expect(try await run("list").said == ["there are no dead letters"])
  }

  @Test(arguments: [
    [], ["remove"], ["replay"], ["drop", "--app", "1"], ["replay", "1/user:1/01", "--all"], ["show"],
    ["show", "--all"], ["list", "1/user:1/01"], ["list", "--limit", "0"], ["list", "--limit", "10001"],
    ["list", "--kind", "walk"], ["list", "--app", "x"], ["list", "--app"], ["list", "--colour", "red"], ["show", "x"],
    ["replay", "1/user:1/01", "--app", "1"], ["list", "--output", "xml"],
  ])
  func misuseIsExplained(_ words: [String]) {
    #expect(throws: CommandOptions.Misuse.self) { try DeadLettersOptions(words) }
  }
}
