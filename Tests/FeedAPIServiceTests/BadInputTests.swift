import FeedAPIService
import HTTP
import JSON
import Testing

/// Bodies that are wrong in every way: 400 with the field's path, nothing done (feeds C13, C16, C17).
@Suite struct BadInputTests {
  private func refused(
    _ method: HTTPMethod, _ path: String, _ body: [UInt8], _ field: String?,
    sourceLocation: SourceLocation = #_sourceLocation
  ) async {
    let api = TestAPI()
    let answer = await api.raw(method, "/api/v1.0/\(path)", "api_key=key", body: body)
    let shown = String(decoding: body.prefix(80), as: UTF8.self)
    #expect(answer.status == 400, "\(shown): \(answer.body)", sourceLocation: sourceLocation)
    #expect(answer.code == 4, sourceLocation: sourceLocation)
    #expect(answer.json?["exception"]?.string == "InputException", sourceLocation: sourceLocation)
    let fields =
      answer.json?["exception_fields"]?.members?.map(\.name)
      ?? answer.json?["exception_fields"]?.array?.flatMap { $0.members?.map(\.name) ?? [] } ?? []
    #expect(fields == (field.map { [$0] } ?? []), "\(shown): \(answer.body)", sourceLocation: sourceLocation)
    #expect(api.feeds.calls.isEmpty, "\(shown) was acted on", sourceLocation: sourceLocation)
  }

  /// What is no JSON at all, put in place of a value.
  private static let broken: [(String, [UInt8])] = [
    ("a control character", Array("\"\u{1}\"".utf8)), ("a bad escape", Array(#""\x""#.utf8)),
    ("half a pair", Array(#""\ud800""#.utf8)),
    ("bytes that are no UTF-8", [0x22, 0xC3, 0x28, 0x22]), ("an overlong form", [0x22, 0xC0, 0xAF, 0x22]),
    ("a leading zero", Array("01".utf8)),
    ("no number", Array("NaN".utf8)), ("a bare word", Array("yes".utf8)), ("a single quote", Array("'a'".utf8)),
    ("a name twice", Array(#"{"x":{"y":1,"y":2}}"#.utf8)), ("too deep", Array(String(repeating: "[", count: 70).utf8)),
    ("an open list", Array("[1,".utf8)),
  ]

  @Test func whatIsNoJSONIsRefusedWithItsMember() async {
    for (kind, value) in Self.broken {
      let body = Array(#"{"actor":"a","verb":"v","object":"o","deep":{"here":"#.utf8) + value + Array("}}".utf8)
      let path =
        switch kind {
        case "a name twice": "deep.here.x.y"
        case "too deep": "deep.here" + String(repeating: "[0]", count: 61)
        case "an open list": "deep.here[1]"
        default: "deep.here"
        }
      await refused(.post, "feed/user/1/", body, path)
    }
    await refused(.post, "feed/user/1/", Array("7 7".utf8), nil)
    await refused(.post, "feed/user/1/", [0xEF, 0xBB, 0xBF] + Array(TestAPI.activity.utf8), nil)
    await refused(.post, "follow_many/", Array(#"[{"source":"a:b","target":tru}]"#.utf8), "[0].target")
  }

  @Test(arguments: [
    ("actor", #"{"a":1}"#), ("actor", "[]"), ("actor", "true"), ("actor", #""""#), ("actor", "null"),
    ("verb", #""\#(String(repeating: "v", count: 51))""#),
    ("object", "[1]"), ("object", #""\#(String(repeating: "é", count: 256))""#), ("target", "{}"),
    ("foreign_id", "false"),
    ("foreign_id", #""\#(String(repeating: "f", count: 256))""#), ("time", "1"), ("time", #""2026-13-01T00:00:00""#),
    ("time", #""9999-01-01T00:00:00""#),
    ("time", #""2026-11-21T10:00:00+99:00""#), ("time", "[]"), ("to", "7"), ("to", #"["user"]"#), ("to", #"["a b c"]"#),
    ("to", #"[null]"#),
    ("to", #"["nothing:1"]"#), ("to", #"["user:é"]"#), ("to", #"["user:\#(String(repeating: "x", count: 256))"]"#),
  ])
  func everyMemberOfAnActivityIsChecked(name: String, value: String) async {
    var members = ["actor": #""a""#, "verb": #""v""#, "object": #""o""#]
    members[name] = value
    let activity =
      "{" + members.sorted { $0.key < $1.key }.map { #""\#($0.key)":\#($0.value)"# }.joined(separator: ",") + "}"
    await refused(.post, "feed/user/1/", Array(activity.utf8), name)
    await refused(.post, "feed/user/1/", Array(#"{"activities":[\#(TestAPI.activity),\#(activity)]}"#.utf8), name)
  }

  @Test(arguments: [
    #"{"activities":7}"#, #"{"activities":{}}"#, #"{"activities":null}"#, #"{"activities":[]}"#,
  ])
  func aBatchMustBeAListWithSomethingInIt(body: String) async {
    await refused(.post, "feed/user/1/", Array(body.utf8), "activities")
  }

  @Test(
    arguments: [
      ("{}", "target"), (#"{"target":7}"#, "target"), (#"{"target":null}"#, "target"),
      (#"{"target":"user"}"#, "target"), (#"{"target":["user:1"]}"#, "target"),
      (#"{"target":"nothing:1"}"#, "target"), (#"{"target":"notification:1"}"#, "target"),
      (#"{"target":"user:1"}"#, "target"),
      (#"{"target":"user:2","activity_copy_limit":-1}"#, nil),
      (#"{"target":"user:2","activity_copy_limit":1001}"#, nil),
      (#"{"target":"user:2","activity_copy_limit":1e3}"#, nil),
      (#"{"target":"user:2","activity_copy_limit":99999999999999999999}"#, nil),
      (#"{"target":"user:2","activity_copy_limit":"5"}"#, nil), ("[1]", nil), ("7", nil), (#""x""#, nil),
    ] as [(String, String?)])
  func everyMemberOfAFollowIsChecked(body: String, field: String?) async {
    await refused(.post, "feed/user/1/following/", Array(body.utf8), field)
  }

  @Test(arguments: [
    "{}", #"{"a":1}"#, "7", "[7]", "[[]]", #"[{"source":"user:1"}]"#, #"[{"source":1,"target":"user:2"}]"#,
    #"[{"source":"user:1","target":"user:2"},null]"#,
    #"[{"source":"user","target":"user:2"}]"#, #"[{"source":"nothing:1","target":"user:2"}]"#,
  ])
  func everyItemOfAFollowBatchIsChecked(body: String) async {
    await refused(.post, "follow_many/", Array(body.utf8), nil)
    await refused(.post, "unfollow_many/", Array(body.utf8), nil)
  }

  /// Sizes that the reader bounds by itself.
  @Test func membersAndDepthAreBounded() async {
    let many = (0..<1_001).map { #""m\#($0)":1"# }.joined(separator: ",")
    let answer = await TestAPI().call(.post, "feed/user/1/", body: #"{"actor":"a","x":{\#(many)}}"#)
    #expect(answer.status == 400)
    #expect(answer.json?["exception_fields"]?.members?.first?.name.hasPrefix("x") == true)
    let big = await TestAPI().call(
      .post, "feed/user/1/",
      body: #"{"actor":"a","verb":"v","object":"o","x":"\#(String(repeating: "x", count: 10_240))"}"#)
    #expect(big.status == 400 && big.detail?.contains("bytes") == true)
    // A name of any length does not come back whole.
    let name = String(repeating: "n", count: 5_000)
    let long = await TestAPI().call(.post, "feed/user/1/", body: #"{"\#(name)":tru}"#)
    #expect(long.status == 400 && long.body.utf8.count < 1_000)
  }
}
