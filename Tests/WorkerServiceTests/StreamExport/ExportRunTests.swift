import Foundation
import JSON
import Model
import Synchronization
import Testing

@testable import HTTP
@testable import WorkerService

/// An import from files to requests.
@Suite struct ExportRunTests {
  /// Notes requests, and answers them as a test wants.
  private final class Calls: HTTPCalls, Sendable {
    struct State {
      var requests: [(path: String, body: JSONValue)] = []
      /// How the request with that number is answered; 201 otherwise.
      var answers: [Int: Int] = [:]
      /// Refuses a body that holds this text.
      var poison: String?
      var pauses = 0
    }
    let state = Mutex(State())

    func send(_ request: HTTPClient.Request) async throws(HTTPClient.Failure) -> HTTPClient.Response {
      let status = state.withLock { state -> Int in
        let path = request.url.split(separator: "?")[0].split(separator: "/").dropFirst(4).joined(separator: "/")
        state.requests.append(("\(request.method) \(path)", (try? JSONValue(parsing: request.body)) ?? .null))
        let text = String(decoding: request.body, as: UTF8.self)
        if let poison = state.poison, text.contains(poison) { return 400 }
        return state.answers[state.requests.count] ?? 201
      }
      if status == 0 { throw .notConnected("refused") }
      let body = status < 300 ? #"{"duration":"1ms"}"# : #"{"code":4,"detail":"no"}"#
      return HTTPClient.Response(status: status, headers: [], body: Array(body.utf8), url: request.url)
    }

    var paths: [String] { state.withLock { $0.requests.map(\.path) } }
    func body(_ index: Int) -> JSONValue { state.withLock { $0.requests[index].body } }
  }

  private final class Folder {
    let url = FileManager.default.temporaryDirectory.appending(path: "export-\(UUID().uuidString)")
    init() throws { try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true) }
    deinit { try? FileManager.default.removeItem(at: url) }
    func file(_ name: String, _ lines: [String]) throws -> String {
      let path = url.appending(path: name).path
      try lines.joined(separator: "\n").write(toFile: path, atomically: true, encoding: .utf8)
      return path
    }
    func exists(_ name: String) -> Bool { FileManager.default.fileExists(atPath: url.appending(path: name).path) }
  }

  private final class Told: Sendable {
    let lines = Mutex<[String]>([])
  }

  private func run(
    _ files: [String], _ calls: Calls, told: Told = Told(), resuming: Bool = false
  ) async throws -> Int32 {
    let contents = try ExportContents(files: files, lineBytesMax: 1 << 20, activityIDsMax: 100)
    #expect(contents.problems == [])
    let credentials = try APICredentials(
      APICredentials.Flags(baseAddress: "http://localhost:1", apiKey: "k"),
      variable: { $0 == "MILLRACE_API_SECRET" ? "s" : nil }, readFile: { _ in nil })
    let api = FeedAPI(credentials: credentials, calls: calls, now: { ActivityTime(microseconds: 0) })
    let run = ExportRun(
      files: files, stateFile: files[0] + ".import-state", contents: contents,
      sender: ExportSender(
        api: api, ids: contents.ids, sleep: { _ in calls.state.withLock { $0.pauses += 1 } }),
      lineBytesMax: 1 << 20, now: { 0 }, progress: ({ _ in }, false),
      complain: { line in told.lines.withLock { $0.append(line) } })
    return try await run.send(resuming: resuming)
  }

  private static func activity(_ number: Int, _ more: String = "") -> String {
    #"{"actor":"a","verb":"v","object":"o\#(number)","foreign_id":"t:\#(number)","time":"2026-11-21"\#(more)}"#
  }

  private static func add(_ numbers: Range<Int>) -> String {
    #"{"instruction":"add_activities","feedId":"user:1","data":[\#(numbers.map { activity($0) }.joined(separator: ","))]}"#
  }

  @Test func everyInstructionBecomesItsRequests() async throws {
    let folder = try Folder()
    let former = "11111111-2222-1333-8444-555555555555"
    let file = try folder.file(
      "a.jsonl",
      [
        #"{"instruction":"users","data":[{"id":"a","data":{"n":1}},{"id":"b"}]}"#,
        #"{"instruction":"collections","data":[{"collection":"food","id":"b1","data":{"n":1}}]}"#, "",
        #"{"instruction":"follow","feedId":"timeline:1","data":["user:1","user:2"],"activity_copy_limit":5}"#,
        #"{"instruction":"add_activities","feedId":"user:1","data":[\#(Self.activity(1, #","id":"\#(former)","x":"SA:\#(former)""#))]}"#,
        #"{"instruction":"reactions","data":[{"id":"\#(former)","kind":"like","user_id":"a","activity_id":"\#(former)"}]}"#,
      ])
    let calls = Calls()
    #expect(try await run([file], calls) == 0)
    #expect(
      calls.paths == [
        "POST users", "POST collections/food", "POST follow_many", "POST feed/user/1", "POST reaction",
      ])
    #expect(calls.body(0).description == #"{"override":true,"users":[{"id":"a","data":{"n":1}},{"id":"b","data":{}}]}"#)
    #expect(calls.body(1).description == #"{"id":"b1","data":{"n":1}}"#)
    #expect(
      calls.body(2).description
        == #"[{"source":"timeline:1","target":"user:1","activity_copy_limit":5},"#
        + #"{"source":"timeline:1","target":"user:2","activity_copy_limit":5}]"#)
    // What named the activity by its former id names it by the one it has here.
    let time = try #require(ActivityTime("2026-11-21"))
    let here = ActivityID(ticks: time.ticks, low: 1 << 63 | ActivityInput.idLowBits(ofForeignID: "t:1"))
    #expect(calls.body(3)["activities"]?.array?.first?["x"]?.string == "SA:\(here)")
    #expect(calls.body(4)["activity_id"]?.string == here.description)
    #expect(!folder.exists("a.jsonl.import-state"))
  }

  @Test func linesAreCutIntoRequestsOfLegalSize() async throws {
    let folder = try Folder()
    let calls = Calls()
    #expect(try await run([try folder.file("a", [Self.add(0..<250)])], calls) == 0)
    #expect((0..<3).map { calls.body($0)["activities"]?.array?.count } == [100, 100, 50])
  }

  @Test func aRefusedItemDoesNotStopTheOthers() async throws {
    let folder = try Folder()
    let (calls, told) = (Calls(), Told())
    calls.state.withLock { $0.poison = "\"o2\"" }
    let file = try folder.file("a", [Self.add(0..<4), Self.add(4..<6)])
    #expect(try await run([file], calls, told: told) == 1)
    #expect(calls.paths.count == 6, "the batch, each of its four, the next line")
    #expect(told.lines.withLock { $0 } == ["\(file):1: data[2]: 400/4 no"])
  }

  @Test func objectsThatExistAreReplacedAndReactionsLeft() async throws {
    let folder = try Folder()
    let calls = Calls()
    calls.state.withLock { $0.answers = [1: 409, 3: 409] }
    let id = "11111111-2222-1333-8444-555555555555"
    let file = try folder.file(
      "a",
      [
        #"{"instruction":"collections","data":[{"collection":"food","id":"b1","data":{"n":1}}]}"#,
        #"{"instruction":"reactions","data":[{"id":"\#(id)","kind":"like","user_id":"a","activity_id":"\#(id)"}]}"#,
      ])
    #expect(try await run([file], calls) == 0)
    #expect(calls.paths == ["POST collections/food", "PUT collections/food/b1", "POST reaction"])
    #expect(calls.body(1).description == #"{"data":{"n":1}}"#)
  }

  @Test func aServerThatIsAwayIsAskedAgain() async throws {
    let folder = try Folder()
    let calls = Calls()
    calls.state.withLock { $0.answers = [1: 503, 2: 0, 3: 429] }
    #expect(try await run([try folder.file("a", [Self.add(0..<1)])], calls) == 0)
    #expect(calls.paths.count == 4)
    #expect(calls.state.withLock { $0.pauses } == 3)
  }

  @Test func anImportThatStoppedGoesOn() async throws {
    let folder = try Folder()
    let (calls, told) = (Calls(), Told())
    let first = try folder.file("a", [Self.add(0..<1), Self.add(1..<3)])
    let second = try folder.file("b", [Self.add(3..<4), Self.add(4..<5)])
    calls.state.withLock { $0.answers = Dictionary(uniqueKeysWithValues: (4...20).map { ($0, 503) }) }
    #expect(try await run([first, second], calls, told: told) == 3)
    #expect(told.lines.withLock { $0.last } == "4 of 5 done; go on with --resume")
    #expect(folder.exists("a.import-state"))
    let again = Calls()
    await #expect(throws: RSSFailure.self) { try await run([first, second], again) }
    await #expect(throws: RSSFailure.self) { try await run([first], again, resuming: true) }
    #expect(again.paths.isEmpty, "neither without a word nor for other files")
    #expect(try await run([first, second], again, resuming: true) == 0)
    #expect(again.paths.count == 1)
    #expect(again.body(0)["activities"]?.array?.first?["object"]?.string == "o4")
    #expect(!folder.exists("a.import-state"))
    await #expect(throws: RSSFailure.self) { try await run([first, second], again, resuming: true) }
  }

  @Test func aRefusedTokenStopsAtOnce() async throws {
    let folder = try Folder()
    let calls = Calls()
    calls.state.withLock { $0.answers = [1: 403] }
    #expect(try await run([try folder.file("a", [Self.add(0..<3)])], calls) == 3)
    #expect(calls.paths.count == 1)
  }

  @Test func problemsAreCountedAndTheFirstNamed() throws {
    let folder = try Folder()
    let file = try folder.file(
      "a",
      [
        "x", Self.add(0..<1),
        #"{"instruction":"users","data":[\#((0..<200).map { _ in "{}" }.joined(separator: ","))]}"#,
      ])
    let contents = try ExportContents(files: [file], lineBytesMax: 1 << 20, activityIDsMax: 100)
    #expect(contents.problemCount == 201)
    #expect(contents.problems.count == 100)
    #expect(contents.problems[0].hasPrefix("\(file):1: not valid JSON"))
    #expect(contents.problems[1].hasPrefix("\(file):3: data[0]: "))
    #expect(contents.description == "1 activities")
    #expect(throws: RSSFailure.self) {
      try ExportContents(files: [file], lineBytesMax: 100, activityIDsMax: 100)
    }
    #expect(throws: RSSFailure.self) {
      try ExportContents(files: [file + "x"], lineBytesMax: 100, activityIDsMax: 100)
    }
  }
}
