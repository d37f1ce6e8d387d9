import HTTP
import Testing

@testable import WorkerService

func feed(_ text: String, contentType: String? = nil, address: String = "") throws(FeedDocumentError) -> FeedDocument {
  try FeedDocument(reading: Array(text.utf8), contentType: contentType, address: address)
}

@Suite struct FeedFormatTests {
  @Test func readsRSS2() throws {
    let document = try feed(
      """
      <?xml version="1.0"?>
      <rss version="2.0" xmlns:media="http://search.yahoo.com/mrss/"><channel>
        <title>Harbour &amp; Tide</title><link>https://h.example/</link>
        <image><title>Logo</title><link>https://h.example/logo</link></image>
        <item><media:title>not this</media:title><title>&lt;b&gt;Fog&lt;/b&gt; &amp;amp; haar</title>
          <link>https://h.example/fog</link><guid isPermaLink="false">fog-1</guid>
          <pubDate>Wed, 18 Nov 2026 06:45:00 +0100</pubDate>
          <enclosure url="https://h.example/fog.mp3" type="audio/mpeg" length="1"/>
          <description>&lt;p&gt;Sea smoke.&lt;/p&gt;&lt;p&gt;Bank.&lt;/p&gt;</description></item>
      </channel></rss>
      """)
    #expect(document.format == .rss)
    #expect(document.isWellFormed)
    #expect(document.header.title?.plain == "Harbour & Tide")
    #expect(document.header.link == "https://h.example/")
    let item = try #require(document.items.first)
    #expect(document.items.count == 1)
    #expect(item.title?.plain == "Fog & haar")
    #expect(item.link == "https://h.example/fog")
    #expect(item.guid == "fog-1")
    #expect(item.enclosure == "https://h.example/fog.mp3")
    #expect(item.summary?.plain == "Sea smoke. Bank.")
    #expect(item.time == 1_794_980_700_000_000)
  }

  @Test func readsAtom1() throws {
    let document = try feed(
      """
      <feed xmlns="http://www.w3.org/2005/Atom" xml:base="https://o.example/a/">
        <title type="text">Orchard &lt;Lab&gt;</title><link rel="self" href="feed.atom"/><link href="."/>
        <id>tag:o.example,2026:f</id><updated>2026-11-16T08:30:00Z</updated>
        <entry xml:base="notes/"><title type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml">Grafts <b>took</b></div></title>
          <link rel="enclosure" href="x.mp3"/><link rel="alternate" href="grafts?x=1&amp;y=2"/>
          <id>tag:o.example,2026:g</id><updated>2026-11-16T08:30:00.25Z</updated>
          <content type="html">&lt;script&gt;evil()&lt;/script&gt;Forty-one.</content>
          <source><title>Elsewhere</title><id>urn:e</id></source></entry>
      </feed>
      """)
    #expect(document.format == .atom)
    #expect(document.header.title?.plain == "Orchard <Lab>")
    #expect(document.header.link == "https://o.example/a/")
    #expect(document.header.id == "tag:o.example,2026:f")
    let item = try #require(document.items.first)
    #expect(item.title?.plain == "Grafts took")
    #expect(item.link == "https://o.example/a/notes/grafts?x=1&y=2")
    #expect(item.enclosure == "https://o.example/a/notes/x.mp3")
    #expect(item.summary?.plain == "Forty-one.")
    #expect(item.time == 1_794_817_800_250_000)
    #expect(item.source?.title?.plain == "Elsewhere")
  }

  @Test func readsAtom03WithItsOwnNamesOfDates() throws {
    let document = try feed(
      """
      <feed version="0.3" xmlns="http://purl.org/atom/ns#"><title mode="base64">SGFyYm91cg==</title>
      <entry><title>One</title><issued>2004-01-02</issued><modified>2004-01-03T00:00:00Z</modified></entry></feed>
      """)
    #expect(document.header.title?.plain == "Harbour")
    #expect(document.items.first?.published?.text == "2004-01-02")
    #expect(document.items.first?.time == 1_073_001_600_000_000)
  }

  @Test func readsItemsBesideTheChannelOfRDF() throws {
    let document = try feed(
      """
      <r:RDF xmlns:r="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:rss="http://purl.org/rss/1.0/"
        xmlns:dc="http://purl.org/dc/elements/1.1/">
      <rss:channel r:about="https://w.example/rdf"><rss:title>Walks</rss:title></rss:channel>
      <rss:item r:about="https://w.example/1"><rss:title>Bridges</rss:title><dc:date>2026-10-31T07:20+01:00</dc:date></rss:item>
      </r:RDF>
      """)
    #expect(document.format == .rdf)
    #expect(document.header.title?.plain == "Walks")
    #expect(document.items.map(\.guid) == ["https://w.example/1"])
    #expect(document.items.first?.time == 1_793_427_600_000_000)
  }

  @Test func readsRSS091And092() throws {
    let document = try feed(
      """
      <!DOCTYPE rss PUBLIC "-//Netscape Communications//DTD RSS 0.91//EN"
        "http://my.netscape.com/publish/formats/rss-0.91.dtd">
      <rss version="0.91"><channel><title>Old</title><item><title>1 &lt; 2</title><link>http://x.example/</link></item>
      </channel></rss>
      """)
    #expect(document.items.first?.title?.plain == "1 < 2")
    #expect(document.items.first?.time == nil)
    #expect(document.isWellFormed)
  }

  @Test func takesGuidAsLinkOnlyIfItIsOne() throws {
    func link(_ guid: String) throws -> String? {
      try feed("<rss><channel><item>\(guid)</item></channel></rss>").items.first?.link
    }
    #expect(try link("<guid>http://g.example/1</guid>") == "http://g.example/1")
    #expect(try link("<guid isPermaLink='false'>http://g.example/1</guid>") == nil)
    #expect(try link("<guid>abc</guid>") == nil)
    #expect(try link("<link>http://l.example/</link><guid>http://g.example/1</guid>") == "http://l.example/")
  }

  @Test func resolvesLinksAgainstTheDocumentsAddress() throws {
    let document = try feed(
      "<rss><channel><item><link>/n/1</link></item></channel></rss>", address: "https://d.example/feeds/x.xml?a")
    #expect(document.items.first?.link == "https://d.example/n/1")
  }

  @Test(arguments: [
    ("g", "http://a/b/c/g"), ("./g", "http://a/b/c/g"), ("g/", "http://a/b/c/g/"), ("/g", "http://a/g"),
    ("//g", "http://g"), ("?y", "http://a/b/c/d;p?y"), ("g?y", "http://a/b/c/g?y"), ("#s", "http://a/b/c/d;p?q#s"),
    ("", "http://a/b/c/d;p?q"), (".", "http://a/b/c/"), ("..", "http://a/b/"), ("../g", "http://a/b/g"),
    ("../../../g", "http://a/g"), ("/./g", "http://a/g"), ("g;x=1/../y", "http://a/b/c/y"), ("http:g", "http:g"),
    ("mailto:x@y", "mailto:x@y"),
  ])
  func resolvesTheExamplesOfRFC3986(reference: String, expected: String) {
    #expect(WebAddress.resolve(reference, base: "http://a/b/c/d;p?q") == expected)
  }

  @Test(arguments: [
    ("a &lt;b&gt; c", "a <b> c"), ("x<br>y", "x y"), ("<style>p{}</style>t", "t"), ("a<!-- b -->c", "ac"),
    ("&eacute;&#8217;&#x2019;&#146;", "é’’’"), ("AT&T &bogus; &", "AT&T &bogus; &"), ("a\n\t b ", "a b"),
    ("<a title=\"x>y\">z</a>", "z"), ("5 < 6 > 4", "5 < 6 > 4"), ("<unclosed", "<unclosed"), ("a&nbsp;b", "a\u{A0}b"),
  ])
  func stripsMarkupAndDecodesEntities(html: String, expected: String) {
    #expect(HTMLText.plain(html) == expected)
  }

  @Test func leavesWhatIsNoTagOfHTMLInTextsThatMayBePlain() {
    #expect(HTMLText.plain("Box<T> <i>explained</i>", knownTagsOnly: true) == "Box<T> explained")
  }
}
