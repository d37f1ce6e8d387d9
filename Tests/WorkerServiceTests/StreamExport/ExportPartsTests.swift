import Foundation
import Testing

@testable import WorkerService

/// The command's words, its state, its progress bar, the lines of files.
@Suite struct ExportPartsTests {
  @Test func wordsAreRead() throws {
    let options = try StreamExportOptions([
      "stream-export", "a.jsonl", "--app", "7", "--resume", "--stack=s.env", "b.jsonl", "--max-line-bytes=300",
    ])
    #expect(options.files == ["a.jsonl", "b.jsonl"])
    #expect(options.resumes && !options.isCheckOnly)
    #expect(options.flags == .init(stackFile: "s.env", app: "7"))
    #expect(options.lineBytesMax == 300)
    #expect(try StreamExportOptions(["--help"]).isHelp)
  }

  @Test(arguments: [
    [], ["a.jsonl"], ["stream-export"], ["stream-export", "--what", "a"], ["stream-export", "a", "--app"],
    ["stream-export", "a", "--max-line-bytes=x"], ["stream-export", "a", "--api-secret=hunter2"],
  ])
  func wrongWordsAreRefused(words: [String]) {
    #expect(throws: RSSFailure.self) { try StreamExportOptions(words) }
  }

  @Test func anAppIsChosenByItsNumber() throws {
    let stack =
      "BASE_URL=http://localhost:1\nAPI_KEY=k1\nAPI_SECRET=s1\nAPP_ID=1\nAPP2_KEY=k2\nAPP2_SECRET=s2\nAPP2_ID=2\n"
    func key(_ app: String?) throws -> String {
      try APICredentials(.init(app: app), variable: { _ in nil }, readFile: { _ in stack }).key
    }
    #expect(try key(nil) == "k1")
    #expect(try key("1") == "k1")
    #expect(try key("2") == "k2")
    #expect(throws: RSSFailure.self) { try key("3") }
  }

  @Test func aStateComesBackAsItWasWritten() throws {
    var state = ExportState(files: [.init(path: "a \"b\"", bytes: 5)])
    (state.file, state.lines, state.done, state.refused) = (0, 7, 300, 2)
    #expect(ExportState(state.encoded) == state)
    for bad in ["", "{}", "[]", #"{"format":2}"#, String(decoding: state.encoded.dropLast(4), as: UTF8.self)] {
      #expect(ExportState(Array(bad.utf8)) == nil)
    }
  }

  @Test func aBarShowsShareRateAndRest() {
    var bar = ProgressBar(total: 100, isTerminal: true, now: 0)
    #expect(bar.show(0, now: 1)?.hasPrefix("\r[------------------------------] 0% 0/100") == true)
    #expect(bar.show(1, now: 100) == nil, "too soon")
    let text = bar.show(50, now: 2_000_000_000) ?? ""
    #expect(text.contains("[###############---------------] 50% 50/100 25/s 0:02 left"))
    #expect(bar.show(100, now: 2_000_000_001)?.hasSuffix("\n") == true)
    var lines = ProgressBar(total: 100, isTerminal: false, now: 0)
    let shown = (0...100).compactMap { lines.show($0, now: 0) }
    #expect(shown.count == 11)
    var resumed = ProgressBar(total: 100, before: 50, isTerminal: true, now: 0)
    #expect(resumed.show(60, now: 1_000_000_000)?.contains("10/s 0:04 left") == true)
    var empty = ProgressBar(total: 0, isTerminal: false, now: 0)
    #expect(empty.show(0, now: 0)?.contains("100% 0/0") == true)
    #expect(ProgressBar.clock(7_205) == "2:00:05")
  }

  @Test func linesAreGivenWholeWhateverTheirLength() throws {
    let path = FileManager.default.temporaryDirectory.appending(path: "lines-\(UUID().uuidString)").path
    defer { try? FileManager.default.removeItem(atPath: path) }
    let long = String(repeating: "x", count: 700_000)
    try "a\n\n\(long)\nend".write(toFile: path, atomically: true, encoding: .utf8)
    let reader = try LineReader(path, lineBytesMax: 700_000)
    var lines: [String] = []
    while let line = try reader.next() { lines.append(String(decoding: line, as: UTF8.self)) }
    #expect(lines == ["a", "", long, "end"])
    #expect(reader.number == 4)
    let short = try LineReader(path, lineBytesMax: 1_000)
    _ = try short.next()
    _ = try short.next()
    #expect(throws: RSSFailure.self) { try short.next() }
  }
}
