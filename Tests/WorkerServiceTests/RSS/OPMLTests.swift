import Foundation
import Synchronization
import Testing

@testable import HTTP
@testable import WorkerService

/// Lists of feeds (insight E9).
@Suite struct OPMLTests {
  private func list(
    _ body: String, address: String = "", file: String = "", limits: FeedDocumentLimits = .init()
  ) throws -> OPMLDocument {
    try OPMLDocument(
      reading: Array(
        "<?xml version='1.0'?><opml version='2.0'><head><title>t</title></head><body>\(body)</body></opml>".utf8),
      address: address, file: file, limits: limits)
  }

  @Test func outlinesInOutlinesAreOneList() throws {
    let read = try list(
      """
      <outline text="News"><outline text="A" type="rss" xmlUrl="https://a.example/feed.xml"/>
        <outline text="More"><outline title="B" xmlurl=" http://b.example/rss "/></outline></outline>
      <outline text="C" xmlUrl="https://c.example/?a=1&amp;b=2"><outline text="D" xmlUrl="https://d.example/"/></outline>
      <outline text="A again" xmlUrl="https://a.example/feed.xml"/>
      """)
    #expect(
      read.feeds == [
        "https://a.example/feed.xml", "http://b.example/rss", "https://c.example/?a=1&b=2", "https://d.example/",
      ])
    #expect(read.problems == [])
  }

  @Test func wrongOutlinesAreNamedAndTheRestRead() throws {
    let read = try list(
      """
      <outline text="Nothing"/><outline text="Mail" xmlUrl="mailto:x@y"/><outline text="Root" xmlUrl="/etc/passwd"/>
      <outline text="Up" xmlUrl="../x.xml"/><outline text="Good" xmlUrl="https://a.example/"/>
      """, file: "/home/me/list.opml")
    #expect(read.feeds == ["https://a.example/"])
    #expect(
      read.problems == [
        "the outline \"Nothing\" names no feed (xmlUrl)",
        "the outline \"Mail\" names mailto:x@y, which is no address of the web",
        "the outline \"Root\" names /etc/passwd, which is no address of the web",
        "the outline \"Up\" names ../x.xml, which is no address of the web",
      ])
  }

  @Test func aFileMayNameFilesBesideItAndAnAddressOnlyAddresses() throws {
    let body = #"<outline text="x" xmlUrl="feeds/a.xml"/>"#
    #expect(try list(body, file: "/home/me/list.opml").feeds == ["/home/me/feeds/a.xml"])
    #expect(try list(body, file: "list.opml").feeds == ["feeds/a.xml"])
    #expect(
      try list(body, address: "https://x.example/lists/l.opml", file: "https://x.example/lists/l.opml").feeds == [
        "https://x.example/lists/feeds/a.xml"
      ])
  }

  @Test func boundsHold() throws {
    var limits = FeedDocumentLimits()
    limits.outlinesMax = 2
    let two = #"<outline text="f"><outline xmlUrl="https://a.example/"/></outline>"#
    #expect(try list(two, limits: limits).feeds.count == 1)
    #expect(throws: FeedDocumentError.tooManyOutlines(outlinesMax: 2)) {
      try list(two + "<outline text='x'/>", limits: limits)
    }
    #expect(throws: FeedDocumentError.notAFeed(root: "rss")) { try OPMLDocument(reading: Array("<rss/>".utf8)) }
    #expect(throws: FeedDocumentError.empty) { try OPMLDocument(reading: []) }
  }

  @Test func aListStandsForAllThatItNames() async throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "opml-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    func write(_ name: String, _ text: String) throws {
      try text.write(to: folder.appending(path: name), atomically: true, encoding: .utf8)
    }
    try write("a.xml", "<rss><channel><title>A</title><item><guid>1</guid><title>x</title></item></channel></rss>")
    try write("b.xml", "this is no feed")
    try write("c.xml", "<rss><channel><title>C</title><item><guid>1</guid><title>x</title></item></channel></rss>")
    try write(
      "list.opml",
      #"<opml version="1.0"><body><outline xmlUrl="a.xml"/><outline xmlUrl="b.xml"/><outline xmlUrl="c.xml"/><outline text="n"/></body></opml>"#
    )
    let api = FakeFeedAPI()
    let credentials = try APICredentials(
      APICredentials.Flags(baseAddress: "http://localhost:8080", apiKey: "k"),
      variable: { $0 == "MILLRACE_API_SECRET" ? "s" : nil }, readFile: { _ in nil })
    let importer = FeedImporter(
      api: FeedAPI(credentials: credentials, calls: api, now: { .init(microseconds: 0) }),
      now: { .init(microseconds: 0) })
    let run = ImportRun(group: "source", followers: [], importer: importer, documents: api)
    let outcomes = await run.all(folder.appending(path: "list.opml").path)
    #expect(outcomes.count == 4)
    #expect(
      outcomes[0]
        == .failed(folder.appending(path: "list.opml").path, RSSFailure("the outline \"n\" names no feed (xmlUrl)")))
    #expect(outcomes[1] == .done("source:a: A: 1 new, 0 changed, 0 unchanged"))
    guard case .failed(let name, _) = outcomes[2] else {
      Issue.record("\(outcomes[2])")
      return
    }
    #expect(name.hasSuffix("/b.xml"))
    #expect(outcomes[3] == .done("source:c: C: 1 new, 0 changed, 0 unchanged"))
  }
}
