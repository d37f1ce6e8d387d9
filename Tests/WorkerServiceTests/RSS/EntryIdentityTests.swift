import JSON
import Model
import Testing

@testable import WorkerService

@Suite struct EntryIdentityTests {
  private func foreignIDs(_ items: String) throws -> [String] {
    EntryIdentity.foreignIDs(try feed("<rss><channel>\(items)</channel></rss>").items, source: "s")
  }

  @Test func aGuidIsPrefixedUnlessItIsAnAddress() throws {
    #expect(try foreignIDs("<item><guid>x 1</guid></item>") == ["s:x 1"])
    #expect(try foreignIDs("<item><guid>tag:e.example,2026:1</guid></item>") == ["s:tag:e.example,2026:1"])
    #expect(try foreignIDs("<item><guid>https://e.example/1</guid></item>") == ["https://e.example/1"])
  }

  @Test func withoutAGuidLinkEnclosureAndContentCount() throws {
    #expect(try foreignIDs("<item><link>https://e.example/1</link></item>") == ["https://e.example/1"])
    #expect(try foreignIDs("<item><enclosure url='https://e.example/1.mp3'/></item>") == ["https://e.example/1.mp3"])
    let hashed = try foreignIDs("<item><title>a</title></item><item><title>b</title></item>")
    #expect(hashed.allSatisfy { $0.hasPrefix("s:sha256-") && $0.utf8.count == 9 + 64 } && hashed[0] != hashed[1])
    #expect(try foreignIDs("<item><title>a</title></item>") == [hashed[0]])
  }

  @Test func anIdentityThatIsNotUniqueInTheDocumentIsPassedOver() throws {
    let items =
      "<item><guid>1</guid><link>https://e.example/a</link></item><item><guid>1</guid><link>https://e.example/b</link></item>"
    #expect(try foreignIDs(items) == ["https://e.example/a", "https://e.example/b"])
  }

  @Test func longOnesAreHashed() throws {
    let fits = String(repeating: "é", count: 253)
    #expect(EntryIdentity.foreignID(fits, source: "s") == "s:\(fits)")
    let long = EntryIdentity.foreignID(fits + "é", source: "s")
    #expect(long.hasPrefix("s:sha256-") && long.utf8.count == 73)
    let address = "https://e.example/" + String(repeating: "a", count: 238)
    #expect(EntryIdentity.foreignID(address, source: "s").hasPrefix("s:sha256-"))
  }

  @Test(arguments: [
    ("Infra/local/feeds/harbour-notes.xml", "harbour-notes"), ("/a/b/My Feed (2).RSS", "my-feed-2"), ("feed", "feed"),
    ("https://www.example.org/", "example-org"),
    ("https://example.org/news/feed.xml?x=1", "example-org-news-feed-xml-x-1"),
    ("http://example.org:8080/a.atom", "example-org-8080-a"), ("https://example.org/feed.xml#top", "example-org-feed"),
  ])
  func aSourceIsNamedAfterItsDocument(document: String, expected: String) {
    #expect(SourceName.of(document) == expected)
    #expect(FeedID(group: "source", id: SourceName.of(document)) != nil)
  }

  @Test func namesThatDoNotFitKeepApartByAHash() {
    let long = (0...1).map { SourceName.of("https://e.example/" + String(repeating: "a", count: 100) + "\($0)") }
    #expect(long[0] != long[1] && long.allSatisfy { $0.utf8.count == 64 })
    #expect(SourceName.of("日本.xml") != SourceName.of("中国.xml"))
    #expect(FeedID(group: "source", id: SourceName.of("日本.xml")) != nil)
  }

  @Test func anActivityStaysBelowTheLimitOfFeeds() throws {
    let long = String(repeating: "\"ü", count: 5_000)
    let address = "https://e.example/" + String(repeating: "a", count: 1_400)
    let item = try #require(
      feed(
        "<rss><channel><item><title>\(long)</title><link>\(address)</link><description>\(long)</description></item></channel></rss>"
      )
      .items.first)
    let activity = SourceActivity(item, foreignID: String(repeating: "ü", count: 255), source: "s")
    let bytes = activity.json(at: ActivityTime(microseconds: 0)).encoded()
    #expect(bytes.count < ActivityLimits().jsonBytesMax)
    #expect(SourceActivity.cut("abcdefg", 6) == "abc…")
    #expect(SourceActivity.cut("abcdef", 6) == "abcdef")
  }
}
