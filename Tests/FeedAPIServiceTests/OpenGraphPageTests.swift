import JSON
import Testing

@testable import FeedAPIService

/// M10: what is told of a page.
@Suite struct OpenGraphPageTests {
  private func page(
    _ html: String, encoding: String? = nil, address: String = "http://site.test/a/b.html",
    limits: OpenGraphLimits = .init()
  ) throws -> JSONValue? {
    let facts = PageReader.facts(of: Array(html.utf8), encoding: encoding, limits: limits)
    guard let page = OpenGraphPage(facts, asked: "http://asked.test/", address: address, limits: limits) else {
      return nil
    }
    return try JSONValue(parsing: page.openBody() + Array("}".utf8))
  }

  @Test func allIsToldInItsOrder() throws {
    let html = """
      <!DOCTYPE html><html><head prefix="og: http://ogp.me/ns#"><title> A  page </title>
      <meta property="og:title" content="The &quot;Rock&quot; &amp; more"><meta property="og:type" content="video.movie">
      <meta property="OG:URL" content="/canonical"><meta property="og:site_name" content="Site">
      <meta name="twitter:site" content="@site"><meta property="og:description" content="What it is">
      <meta property="og:determiner" content="the"><meta property="og:locale" content="en_GB">
      <meta property="og:image" content="https://cdn.test/1.png"><meta property="og:image:secure_url" content="https://cdn.test/s.png">
      <meta property="og:image:width" content="400"><meta property="og:image:height" content="300">
      <meta property="og:image:type" content="image/png"><meta property="og:image:alt" content="Alt">
      <meta property="og:image" content="2.png"><meta property="og:image:width" content="10">
      <meta property="og:video" content="//cdn.test/v.mp4"><meta property="og:video:type" content="video/mp4">
      <meta property="og:audio:url" content="/a.mp3"><meta property="og:audio:type" content="audio/mpeg">
      <link rel="shortcut icon" href="/icon.png"></head><body><img src="x.png"></body></html>
      """
    #expect(
      try page(html)?.description
        == #"{"title":"The \"Rock\" & more","type":"video.movie","url":"http://site.test/canonical","#
        + #""original_url":"http://asked.test/","site":"@site","site_name":"Site","description":"What it is","#
        + #""determiner":"the","locale":"en_GB","favicon":"http://site.test/icon.png","#
        + #""images":[{"image":"https://cdn.test/1.png","secure_url":"https://cdn.test/s.png","width":"400","height":"300","#
        + #""type":"image/png","alt":"Alt"},{"image":"http://site.test/a/2.png","width":"10"}],"#
        + #""videos":[{"video":"http://cdn.test/v.mp4","type":"video/mp4"}],"#
        + #""audios":[{"audio":"http://site.test/a.mp3","url":"http://site.test/a.mp3","type":"audio/mpeg"}]}"#)
  }

  @Test func whatIsMissingIsFilledUp() throws {
    func members(_ html: String) throws -> [String?] {
      let page = try page(html)
      return [
        page?["title"]?.string, page?["description"]?.string, page?["favicon"]?.string,
        page?["images"]?.array?.first?["image"]?.string,
      ]
    }
    let icon = "http://site.test/favicon.ico"
    #expect(try members("<title>T</title>") == ["T", "T", icon, icon])
    #expect(
      try members("<meta name=twitter:title content=T><meta name=Description content=D>") == ["T", "D", icon, icon])
    #expect(try members("<meta name=description content=D>") == ["D", "D", icon, icon])
    #expect(
      try members("<title>T</title><link rel='apple icon' href=i.png>")
        == ["T", "T", "http://site.test/a/i.png", "http://site.test/a/i.png"])
    #expect(try members("<title>T</title><img src=''><img src=data:x><img src=p.png>")[3] == "http://site.test/a/p.png")
    #expect(
      try members("<title>T</title><link rel=image_src href=/l.png><img src=p.png>")[3] == "http://site.test/l.png")
    #expect(
      try members("<title>T</title><meta name=twitter:image content=t.png><link rel=image_src href=/l.png>")[3]
        == "http://site.test/a/t.png")
    #expect(try members("<img src=p.png>") == ["site.test", "site.test", icon, "http://site.test/a/p.png"])
    #expect(
      try members("<base href=https://cdn.test/x/><title>T</title><img src=p.png>")[3] == "https://cdn.test/x/p.png")
  }

  @Test(arguments: [
    "", "<html></html>", "<p>text</p>", "<title> </title>", "<meta name=viewport content=x>", "\0\u{1}<<<>",
  ])
  func aPageThatSaysNothingIsNone(html: String) throws { #expect(try page(html) == nil) }

  @Test func addressesOfOtherSchemesAreLeftOut() throws {
    let read = try page(
      """
      <title>T</title><meta property=og:url content="javascript:alert(1)"><meta property=og:image content="data:image/png,x">
      <link rel=icon href="javascript:alert(1)"><link rel=canonical href="ftp://x/">
      """)
    #expect(read?["url"] == nil && read?["favicon"]?.string == "http://site.test/favicon.ico")
    #expect(read?["images"]?.array?.count == 1 && !(read?.description.contains("javascript") ?? true))
  }

  @Test func encodingsAreRead() throws {
    let limits = OpenGraphLimits()
    func title(_ bytes: [UInt8], _ encoding: String?) -> String? {
      PageReader.facts(of: bytes, encoding: encoding, limits: limits).title
    }
    #expect(title(Array("<title>Ümlaut – ☃</title>".utf8), nil) == "Ümlaut – ☃")
    #expect(title(Array("<title>Ümlaut</title>".utf8) + [0xE2, 0x98], nil) == "Ümlaut", "cut within a character")
    let latin = Array("<title>".utf8) + [0xDC] + Array("mlaut</title>".utf8)
    #expect(title(latin, "iso-8859-1") == "Ümlaut" && title(latin, nil) == "Ümlaut")
    let cyrillic = Array("<meta charset=windows-1251><title>".utf8) + [0xCF, 0xF0] + Array("</title>".utf8)
    #expect(title(cyrillic, nil) == "Пр")
    #expect(title(Array("<title>x</title>".utf8), "no-such-encoding") == "x")
  }

  @Test func limitsHold() throws {
    var limits = OpenGraphLimits()
    limits.itemsMax = 2
    limits.textMax = 40
    let many = String(repeating: "<meta property=og:image content=/i.png>", count: 5)
    let long = String(repeating: "x", count: 100)
    let read = try page(
      "<title>\(long)</title>\(many)<link rel=icon href='/\(long)'>", limits: limits)
    #expect(read?["images"]?.array?.count == 2 && read?["title"]?.string?.count == 40)
    #expect(read?["favicon"]?.string == "http://site.test/favicon.ico")
  }

  /// Deep nesting and many elements: read in one pass, without recursion.
  @Test func hostilePagesAreRead() throws {
    let deep = String(repeating: "<div>", count: 100_000) + "<title>T</title>"
    #expect(throws: Never.self) { try page(deep) }
    let many = "<title>T</title>" + String(repeating: "<meta name=a content=b>", count: 30_000)
    #expect(PageReader.facts(of: Array(many.utf8), encoding: nil, limits: .init()).properties.count == 1_000)
    var generator = SystemRandomNumberGenerator()
    for _ in 0..<200 {
      let bytes = (0..<500).map { _ in UInt8.random(in: 0...255, using: &generator) }
      _ = PageReader.facts(of: Array("<title>x".utf8) + bytes, encoding: nil, limits: .init())
    }
  }
}
