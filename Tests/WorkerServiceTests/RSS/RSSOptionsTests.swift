import Testing

@testable import WorkerService

@Suite struct RSSOptionsTests {
  @Test func readsFlagsInBothForms() throws {
    let options = try RSSOptions(["a.xml", "--follow", "timeline:demo", "--group=news", "--follow=timeline:b", "b.xml"])
    #expect(options.documents == ["a.xml", "b.xml"])
    #expect(options.followers == ["timeline:demo", "timeline:b"])
    #expect(options.group == "news")
    #expect(options.limits == FeedDocumentLimits() && options.storedMax == 10_000)
    let own = try RSSOptions(["--max-bytes=10", "--max-entries", "2", "--max-stored=3", "--max-outlines=4", "a.xml"])
    var limits = FeedDocumentLimits(bytesMax: 10, itemsMax: 2)
    limits.outlinesMax = 4
    #expect(own.limits == limits && own.storedMax == 3)
  }

  @Test(arguments: [
    ["--api-secret", "x", "a.xml"], ["--secret=x", "a.xml"], ["--bogus", "a.xml"], ["--group"], ["--list="],
    ["--max-bytes=0", "a"],
    ["--max-entries=x", "a"], [],
  ])
  func refuses(words: [String]) {
    #expect(throws: RSSFailure.self) { try RSSOptions(words) }
  }

  @Test func aSecretOnTheCommandLineIsNotRepeatedInTheMessage() {
    do throws(RSSFailure) {
      _ = try RSSOptions(["--api-secret=hunter2", "a.xml"])
      Issue.record("it was taken")
    } catch {
      #expect(!error.description.contains("hunter2"))
    }
  }

  @Test func credentialsComeFromFlagsThenVariablesThenTheStacksFile() throws {
    let file = "# stack\nexport BASE_URL='http://file:1'\nAPI_KEY=file\nAPI_SECRET=\"s=1\"\n"
    func credentials(_ words: [String], _ variables: [String: String] = [:], file: String?) throws(RSSFailure)
      -> APICredentials
    {
      try APICredentials(RSSOptions(words + ["x.xml"]), variable: { variables[$0] }, readFile: { _ in file })
    }
    let plain = try credentials([], file: file)
    #expect([plain.baseAddress, plain.key, plain.secret] == ["http://file:1", "file", "s=1"])
    #expect(try credentials(["--api-key=flag"], ["MILLRACE_API_KEY": "variable"], file: file).key == "flag")
    #expect(try credentials([], ["MILLRACE_API_KEY": "variable"], file: file).key == "variable")
    #expect(try credentials(["--stack=f"], ["MILLRACE_API_KEY": "variable"], file: file).key == "file")
    #expect(throws: RSSFailure.self) { try credentials(["--stack=f"], file: nil) }
    #expect(throws: RSSFailure.self) { try credentials([], file: nil) }
    #expect(throws: RSSFailure.self) { try credentials(["--base-url=localhost:8080"], file: file) }
    #expect(throws: RSSFailure.self) { try credentials([], file: "BASE_URL=http://x\nAPI_KEY=k") }
  }
}
