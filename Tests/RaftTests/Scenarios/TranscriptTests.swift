import Foundation
import Testing

/// The transcripts under Transcripts/: a line that begins with `>` is a command, the lines below it are what follows from
/// it. `MILLRACE_RAFT_REWRITE=1` writes them anew; read the difference before you commit it.
@Suite struct TranscriptTests {
  static let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .appending(path: "Transcripts")
  static let names =
    ((try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []).filter { $0.hasSuffix(".txt") }.sorted()

  @Test func allTranscriptsAreThere() {
    let stories = [
      "commit-never-steps-back", "disruptive-servers", "election", "figure-8", "leader-removed-by-predecessor",
      "learner-becomes-voter", "log-conflict", "membership-change-inside-batch", "membership-change-needs-noop",
      "only-voter", "paused-leader", "slow-disk", "snapshot", "transfer", "wiped-voter",
    ]
    #expect(Self.names == stories.map { "\($0).txt" })
  }

  @Test(arguments: names) func isPlayedAsWritten(_ name: String) throws {
    let file = Self.folder.appending(path: name)
    let written = try String(contentsOf: file, encoding: .utf8)
    let played = try Self.play(written)
    if ProcessInfo.processInfo.environment["MILLRACE_RAFT_REWRITE"] == "1" {
      try played.write(to: file, atomically: true, encoding: .utf8)
    }
    #expect(played == written, "\(name) is played differently")
  }

  /// The transcript with the output that its commands have now.
  static func play(_ text: String) throws -> String {
    var scenario = Scenario()
    var result: [String] = []
    var isOutput = false
    for line in text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init) {
      if line.hasPrefix("> ") {
        result.append(line)
        result += try scenario.run(String(line.dropFirst(2)))
        isOutput = true
      } else if line.isEmpty || line.hasPrefix("#") {
        isOutput = false
        result.append(line)
      } else if !isOutput {
        result.append(line)
      }
    }
    return result.joined(separator: "\n")
  }
}
