import Testing

@testable import WorkerService

@Suite struct FeedRefusalTests {
  @Test func billionLaughsIsRefused() {
    var doctype = "<!DOCTYPE rss [\n<!ENTITY lol \"lol\">\n"
    var last = "lol"
    for level in 1...9 {
      doctype += "<!ENTITY lol\(level) \"" + String(repeating: "&\(last);", count: 10) + "\">\n"
      last = "lol\(level)"
    }
    let text = "\(doctype)]><rss><channel><title>&lol9;</title></channel></rss>"
    #expect(throws: FeedDocumentError.nestedEntity(name: "lol1", line: 3)) { try feed(text) }
  }

  @Test func quadraticBlowupIsRefused() {
    let value = String(repeating: "a", count: 1_000)
    let references = String(repeating: "&a;", count: 10_000)
    let text = "<!DOCTYPE rss [<!ENTITY a \"\(value)\">]>\n<rss><channel><title>\(references)</title></channel></rss>"
    #expect(throws: FeedDocumentError.entityExpansion(bytesMax: 64 << 10, line: 2)) { try feed(text) }
  }

  @Test func theDocumentsOwnShortEntitiesAreTaken() throws {
    let text = """
      <!DOCTYPE rss [<!ENTITY name "Harbour"><!ENTITY mark '&#169;<i>'>
      <!ENTITY % ext SYSTEM "http://127.0.0.1:9/ext.dtd">%ext;]>
      <rss><channel><title>&name; &mark; &eacute;&nbsp;&amp;</title></channel></rss>
      """
    let document = try feed(text)
    #expect(document.header.title?.plain == "Harbour © é\u{A0}&")
    #expect(document.isWellFormed)
  }

  @Test(arguments: [
    #"<!DOCTYPE rss [<!ENTITY x SYSTEM "file:///etc/passwd">]>"#,
    #"<!DOCTYPE rss [<!ENTITY x PUBLIC "p" "http://127.0.0.1:9/">]>"#,
    #"<!DOCTYPE rss SYSTEM "http://127.0.0.1:9/x.dtd" [<!ENTITY x SYSTEM "expect://id">]>"#,
  ])
  func externalEntitiesAreRefused(doctype: String) {
    #expect(throws: FeedDocumentError.externalEntity(name: "x", line: 1)) {
      try feed("\(doctype)<rss><channel><title>&x;</title></channel></rss>")
    }
  }

  @Test func anExternalDocumentTypeIsNeitherLoadedNorAnError() throws {
    // Were it loaded, the entity it declares would have a value, or the load an error.
    let text = """
      <!DOCTYPE rss SYSTEM "file:///etc/hostname"><rss><channel><title>a &outside; b</title></channel></rss>
      """
    #expect(try feed(text).header.title?.plain == "a &outside; b")
  }

  @Test func xincludeAndStylesheetsMeanNothing() throws {
    let text = """
      <?xml-stylesheet href="file:///etc/passwd"?><rss xmlns:xi="http://www.w3.org/2001/XInclude"><channel><title>a
      <xi:include href="file:///etc/passwd" parse="text"/></title></channel></rss>
      """
    #expect(try feed(text).header.title?.plain == "a")
  }

  @Test func oversizedDocumentsAreRefused() {
    let limits = FeedDocumentLimits(bytesMax: 100)
    #expect(throws: FeedDocumentError.tooLarge(bytes: 101, bytesMax: 100)) {
      try FeedDocument(reading: [UInt8](repeating: 0x20, count: 101), limits: limits)
    }
    #expect(FeedDocumentLimits().bytesMax == 5 << 20)
  }

  @Test func moreThanAThousandEntriesAreRefused() throws {
    func document(_ count: Int) -> String {
      "<rss><channel>" + String(repeating: "<item><title>t</title></item>", count: count) + "</channel></rss>"
    }
    #expect(try feed(document(1_000)).items.count == 1_000)
    #expect(throws: FeedDocumentError.tooManyItems(itemsMax: 1_000)) { try feed(document(1_001)) }
  }

  @Test func brokenXMLIsRefusedWithItsLine() {
    func line(_ text: String) -> Int? {
      do throws(FeedDocumentError) {
        _ = try feed(text)
        return nil
      } catch {
        guard case .malformed(let line, let reason) = error, !reason.isEmpty else { return nil }
        return line
      }
    }
    #expect(line("<rss>\n<channel>\n<title>a</titel>\n</channel>\n</rss>") == 3)
    #expect(line("<?xml version='1.0'?>\n<!--\n-->\n<rss>\n<a b=c/></rss>") == 5)
    #expect(line("<rss>\n\n<channel a='1' a='2'></channel></rss>") == 3)
    #expect(line("<rss>\n<channel>\n<title x='<'>y</title></channel></rss>") == 3)
    #expect(line("just text") == 1)
    #expect(line("<!DOCTYPE rss [") == 1)
  }

  @Test func whatReadersTolerateIsTolerated() throws {
    #expect(try feed("<rss><channel><title>Q & A, AT&T</title></channel></rss>").header.title?.plain == "Q & A, AT&T")
    #expect(
      try feed("\n <?xml version='1.0'?><rss><channel><title>t</title></channel></rss>").header.title?.plain == "t")
    let undeclared = try feed("<rss><channel><item><dc:date>2026-01-02</dc:date><x:y/></item></channel></rss>")
    #expect(undeclared.items.first?.time == 1_767_312_000_000_000)
    #expect(try feed("<rss><channel><title>a\u{1}b&#0;</title></channel></rss>").header.title?.plain == "ab")
    #expect(
      try feed("<rss><channel><title><![CDATA[&nbsp;x]]></title></channel></rss>").header.title?.plain == "\u{A0}x")
  }

  @Test func aDocumentCutOffKeepsItsWholeEntries() throws {
    let whole = "<rss><channel><title>T</title><item><guid>1</guid></item>"
    for tail in [
      "", "<item><guid>2", "<item><guid>2</guid></it", "<item><title><![CDATA[x", "</channel></rss", "<!-- x",
    ] {
      let document = try feed(whole + tail)
      #expect(document.items.map(\.guid) == ["1"], "\(tail)")
      #expect(document.header.title?.plain == "T")
      #expect(!document.isWellFormed)
    }
  }

  @Test func otherDocumentsAreNoFeeds() {
    #expect(throws: FeedDocumentError.notAFeed(root: "html")) { try feed("<html><body/></html>") }
    #expect(throws: FeedDocumentError.empty) { try feed(" \n") }
  }

  @Test func deepNestingIsRefused() {
    let text = "<rss>" + String(repeating: "<a>", count: 5_000) + String(repeating: "</a>", count: 5_000) + "</rss>"
    #expect(throws: FeedDocumentError.self) { try feed(text) }
  }

  /// Bytes from a seeded generator, cut and changed at random places: an answer or a typed error, never a crash.
  @Test func damagedDocumentsNeverCrash() {
    let seed: UInt64 = 20_261_121
    var state = seed
    func next(_ bound: Int) -> Int {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Int(state >> 33) % bound
    }
    let sample = Array(
      """
      <?xml version="1.0" encoding="utf-8"?><!DOCTYPE rss [<!ENTITY a "b">]><rss xmlns:dc="http://purl.org/dc/elements/1.1/">
      <channel><title>&a; &amp; <![CDATA[<b>]]></title><!-- c --><item xml:base="http://x.example/"><link>y</link>
      <pubDate>Wed, 18 Nov 2026 06:45:00 +0100</pubDate><dc:date>2026-W01</dc:date></item></channel></rss>
      """.utf8)
    var read = 0
    for _ in 0..<3_000 {
      var bytes = sample
      for _ in 0...next(4) { bytes[next(bytes.count)] = UInt8(next(256)) }
      if next(3) == 0 { bytes.removeSubrange(next(bytes.count)...) }
      if (try? FeedDocument(reading: bytes)) != nil { read += 1 }
    }
    #expect(read > 300, "seed \(seed): hardly any document was read, so the rest was hardly tested")
  }

  /// Patterns that make a careless reader search to the end again and again. Read in steps that grow with the square of
  /// their length they would take minutes.
  @Test(arguments: ["<a ", "<!", "<!--", "<a x=\"", "<a x='\"", "&", "&#", "<script>", "]]>", "</", "<![CDATA["])
  func hostileTextsTakeTimeInProportion(pattern: String) {
    let text = String(repeating: pattern, count: (64 << 10) / pattern.utf8.count)
    let start = ContinuousClock.now
    _ = HTMLText.plain(text)
    _ = try? feed("<rss><channel><title>\(text)")
    _ = try? feed("<rss><channel><title><![CDATA[\(text)]]></title></channel></rss>")
    #expect(ContinuousClock.now - start < .seconds(5))
  }

  @Test func manyEntitiesTakeTimeInProportion() {
    let start = ContinuousClock.now
    let entities = (0..<5_000).map { "<!ENTITY e\($0) 'v'>\n" }.joined()
    _ = try? feed("<!DOCTYPE rss [\(entities)]><rss><channel><title>&e1;&e4999;</title></channel></rss>")
    #expect(ContinuousClock.now - start < .seconds(5))
  }
}
