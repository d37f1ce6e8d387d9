import Foundation
import HTTP
import JSON
import Testing

@testable import FeedAPIService

/// `/openapi`, `/openapi.yaml`, `/openapi.json`.
@Suite struct OpenAPITests {
  private func value(_ yaml: String) throws -> String { try YAMLReader.value(of: Array(yaml.utf8)).description }

  @Test func yamlIsReadAsJSON() throws {
    #expect(
      try value(
        """
        # a comment
        a: 1
        b: text with: colons, and commas # not this
        "200": { $ref: "#/x", list: [a, "b, c", 1.5, -2], none: null, e: {}, f: [] }
        c:
          - x
          - y: true
            z: 'it''s'
          -
            q: "a\\"b\\n"
        d:
        - same
        - column
        e: |
          first # kept

            second
        f: |-
          no end
        g:
        h: ~
        """)
        == ##"{"a":1,"b":"text with: colons, and commas","200":{"$ref":"#/x","list":["a","b, c",1.5,-2],"none":null,"e":{},"##
        + ##""f":[]},"c":["x",{"y":true,"z":"it's"},{"q":"a\"b\n"}],"d":["same","column"],"##
        + ##""e":"first # kept\n\n  second\n","f":"no end","g":null,"h":null}"##)
  }

  @Test(arguments: [
    ("a: &x 1", 1), ("a: *x", 1), ("a: !t 1", 1), ("a: >\n  folded", 1), ("a: 1\na: 2", 2), ("a: 1\n   b: 2", 2),
    ("a: [1, 2", 1), ("a: {b: 1", 1), ("a: {b}", 1), ("a: \"x", 1), ("a: \"x\" y", 1), ("\ta: 1", 1),
    ("a:\n  b: 1\n c: 2", 3),
    ("a: \"\\x41\"", 1),
  ])
  func whatIsNotReadIsRefusedWithItsLine(yaml: String, line: Int) {
    do {
      let read = try value(yaml)
      Issue.record("read as \(read)")
    } catch let error as YAMLError {
      #expect(error.line == line, "\(error)")
    } catch {
      Issue.record("\(error)")
    }
  }

  @Test func depthIsBounded() {
    let deep = (0...YAMLReader.depthMax + 1).map { String(repeating: " ", count: $0) + "a:" }.joined(separator: "\n")
    #expect(throws: YAMLError.self) { try value(deep + " 1") }
    #expect(throws: YAMLError.self) { try value("a: " + String(repeating: "[", count: 100)) }
    #expect(throws: YAMLError.self) { try YAMLReader.value(of: [0xFF]) }
  }

  /// The document that is shipped, whose JSON the tests in Tests/QA compare with another reader's.
  private static func shipped() throws -> [UInt8] {
    let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent()
    return Array(try Data(contentsOf: root.appending(path: "docs/openapi.yaml")))
  }

  @Test func theShippedDocumentBecomesAPage() throws {
    let document = OpenAPIDocument(yaml: try Self.shipped())
    #expect(document.problem == nil)
    let json = try JSONValue(parsing: try #require(document.json), limits: JSONLimits(membersMax: 100_000))
    let page = String(decoding: try #require(document.page), as: UTF8.self)
    for path in json["paths"]?.members ?? [] {
      #expect(page.contains(OpenAPIPage.escaped(path.name)))
      for operation in path.value.members ?? [] {
        guard let id = operation.value["operationId"]?.string else { continue }
        #expect(page.contains("<section id=\"\(id)\">"))
      }
    }
    for schema in json["components"]?["schemas"]?.members ?? [] {
      #expect(page.contains("<section id=\"schema-\(schema.name)\">"))
    }
    #expect(!page.contains("<script"))
    // Every link on the page leads somewhere on it, or to the document's other forms.
    for match in page.matches(of: /href="([^"]+)"/) {
      let target = String(match.1)
      #expect(
        target.hasPrefix("/openapi.") || page.contains("id=\"\(target.dropFirst())\""), "\(target) leads nowhere")
    }
  }

  @Test func textIsEscaped() {
    let document = OpenAPIDocument(
      yaml: Array(
        """
        info:
          title: <b>"x"
        paths:
          /a/<script>:
            get:
              tags: [t]
              summary: a `<i>` & 'b'
        """.utf8))
    let page = String(decoding: document.page ?? [], as: UTF8.self)
    #expect(page.contains("<h1>&lt;b&gt;&quot;x&quot;"))
    #expect(page.contains("/a/&lt;script&gt;"))
    #expect(page.contains("a <code>&lt;i&gt;</code> &amp; &#39;b&#39;"))
    #expect(!page.contains("<script>"))
  }

  @Test func eachFormHasItsAddress() async {
    let api = TestAPI(openAPI: "openapi: 3.1.0\npaths: {}\n")
    let page = await api.raw(.get, "/openapi", "", token: .none)
    #expect(page.status == 200)
    #expect(page.header("Content-Type") == "text/html; charset=utf-8")
    #expect(page.header("Content-Security-Policy") == "default-src 'none'; style-src 'unsafe-inline'")
    #expect(await api.raw(.get, "/openapi/", "", token: .none).body == page.body)
    #expect(await api.raw(.get, "/openapi.json", "", token: .none).body == #"{"openapi":"3.1.0","paths":{}}"#)
    #expect(await api.raw(.get, "/openapi.yaml", "", token: .none).body == "openapi: 3.1.0\npaths: {}\n")
    let broken = TestAPI(openAPI: "a: [")
    #expect(await broken.raw(.get, "/openapi", "", token: .none).status == 404)
    #expect(await broken.raw(.get, "/openapi.json", "", token: .none).code == 16)
    #expect(await broken.raw(.get, "/openapi.yaml", "", token: .none).body == "a: [")
    #expect(await api.raw(.post, "/openapi", "", token: .none).status == 405)
  }
}
