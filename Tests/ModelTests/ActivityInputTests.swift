import JSON
import Model
import Testing

@Suite struct ActivityInputTests {
  private func parse(_ text: String, feed: FeedID? = nil, defaultActor: String? = nil) throws -> ActivityInput {
    try ActivityInput(json: try JSONDocument(Array(text.utf8)).root, feed: feed, defaultActor: defaultActor)
  }

  private func fields(_ text: String) throws -> [String] {
    do {
      _ = try parse(text)
      return []
    } catch let error as ActivityInputError {
      return error.refusal.map { [$0] } ?? error.fields.map { "\($0.path): \($0.message)" }
    }
  }

  @Test func customMembersKeepOrderAndBytes() throws {
    let input = try parse(
      #"{"z":0.50,"actor":"a","n":123456789012345678901234567890,"verb":"v","é\u0041":[ ],"object":"o","big":1e400,"o":{ "b":1, "a":2}}"#
    )
    #expect(
      String(decoding: input.customMembers, as: UTF8.self)
        == #","z":0.50,"n":123456789012345678901234567890,"é\u0041":[ ],"big":1e400,"o":{ "b":1, "a":2}"#)
  }

  @Test func numbersBecomeStrings() throws {
    let input = try parse(#"{"actor":1,"verb":2.50,"object":-3,"target":4,"foreign_id":5}"#)
    #expect([input.actor, input.verb, input.object, input.target, input.foreignID] == ["1", "2.50", "-3", "4", "5"])
  }

  @Test func reservedNamesAreIgnoredEvenEscaped() throws {
    let input = try parse(
      #"{"actor":"a","verb":"v","object":"o","\u0069d":"x","origin":null,"duration":"1ms","is_seen":true,"reaction":1}"#
    )
    #expect(String(decoding: input.customMembers, as: UTF8.self) == #","reaction":1"#)
  }

  @Test func targetsLoseTokensDuplicatesAndTheFeedItself() throws {
    let feed = try #require(FeedID("user:1"))
    let input = try parse(
      #"{"actor":"a","verb":"v","object":"o","to":["user:2 tok","user:1","flat:3","user:2"]}"#, feed: feed)
    #expect(input.to.map(\.description) == ["user:2", "flat:3"])
  }

  @Test func missingActorTakesTheDefault() throws {
    #expect(try parse(#"{"verb":"v","object":"o"}"#, defaultActor: "SU:alice").actor == "SU:alice")
    #expect(try parse(#"{"actor":null,"verb":"v","object":"o"}"#, defaultActor: "SU:alice").actor == "SU:alice")
    #expect(try parse(#"{"actor":"x","verb":"v","object":"o"}"#, defaultActor: "SU:alice").actor == "x")
  }

  @Test(arguments: [
    (#"{"verb":"v","object":"o"}"#, ["actor: this field is required"]),
    (#"[]"#, ["actor", "verb", "object"].map { "\($0): this field is required" }),
    (#"{"actor":"","verb":"v","object":"o"}"#, ["actor: this field may not be empty"]),
    (
      #"{"actor":{},"verb":[],"object":true}"#,
      ["actor", "verb", "object"].map { "\($0): must be a string or a number" }
    ),
    (
      #"{"actor":"a","verb":"v","object":"o","time":1}"#,
      ["time: must be an ISO 8601 date-time such as 2026-11-21T10:00:00.123456"]
    ),
    (#"{"actor":"a","verb":"v","object":"o","to":"user:1"}"#, [#"to: must be a list of feeds such as "user:1""#]),
    (
      #"{"actor":"a","verb":"v","object":"o","to":["user:1","user",3,"user:1  t","u:é"]}"#,
      [1, 2, 3, 4].map { #"to[\#($0)]: must be a feed such as "user:1", or "user:1 token""# }
    ),
    (#"[1]"#, ["an activity must be an object"]), (#""x""#, ["an activity must be an object"]),
  ])
  func errorsNameTheField(text: String, expected: [String]) throws {
    #expect(try fields(text) == expected)
  }

  @Test func limitsOfL19CountCharactersAndBytes() throws {
    let longest = String(repeating: "é", count: 255)
    #expect(try fields(#"{"actor":"\#(longest)","verb":"v","object":"o"}"#) == [])
    #expect(
      try fields(#"{"actor":"\#(longest)é","verb":"v","object":"o"}"#) == ["actor: must have at most 255 characters"])
    let verb = String(repeating: "v", count: 51)
    #expect(try fields(#"{"actor":"a","verb":"\#(verb)","object":"o"}"#) == ["verb: must have at most 50 characters"])
    let frame = #"{"actor":"a","verb":"v","object":"o","x":""}"#
    let filler = String(repeating: "x", count: 10_240 - frame.utf8.count)
    #expect(try fields(frame.replacing(#""x":"""#, with: #""x":"\#(filler)""#)) == [])
    #expect(
      try fields(frame.replacing(#""x":"""#, with: #""x":"\#(filler)x""#))
        == ["an activity may have at most 10240 bytes of JSON, this one has 10241"])
  }

  @Test func lowBitsOfAForeignIDAreItsNumberAndHash() throws {
    // SHA-256("post:10") = 2418c44e…: checked with sha256sum.
    let input = try parse(#"{"actor":"a","verb":"v","object":"o","foreign_id":"post:10"}"#)
    #expect(input.idLowBits >> 48 == 10)
    #expect(input.idLowBits & 0xFFFF_FFFF_FFFF == foreignIDHash)
    let long = try parse(#"{"actor":"a","verb":"v","object":"o","foreign_id":"p:99999999999999999999999999"}"#)
    #expect(long.idLowBits >> 48 == 16_383)
    #expect(try parse(#"{"actor":"a","verb":"v","object":"o","foreign_id":"p:16385"}"#).idLowBits >> 48 == 1)
    #expect(try parse(#"{"actor":"a","verb":"v","object":"o","foreign_id":"12:p"}"#).idLowBits >> 48 == 0)
  }

  @Test func withoutForeignIDEqualContentHasEqualBitsWhateverTheOrder() throws {
    let one = try parse(#"{"actor":1,"verb":"v","object":"o","x":{"b":1,"a":[1, 2]},"y":2,"to":["user:1"]}"#)
    let same = try parse(
      #"{"y":2,"time":"2026-11-21","object":"o","x":{ "a":[1,2],"b":1 },"verb":"\u0076","actor":"1","id":"z"}"#)
    let other = try parse(#"{"actor":1,"verb":"v","object":"o","x":{"b":1,"a":[2, 1]},"y":2}"#)
    #expect(one.idLowBits == same.idLowBits)
    #expect(one.idLowBits != other.idLowBits)
    #expect(one.idLowBits < 1 << 62)
  }

  @Test func idHoldsTimeAndVariant() throws {
    let time = try #require(ActivityTime("2026-11-21T10:00:00.123456"))
    let id = try parse(#"{"actor":"a","verb":"v","object":"o","foreign_id":"post:1"}"#).id(at: time)
    #expect(ActivityTime(ticks: id.ticks) == time)
    #expect(id.version == 1)
    #expect(id.low >> 62 == 0b10)
  }
}

/// The first 48 bits of SHA-256("post:10").
private let foreignIDHash: UInt64 = 0x2418_C44E_3AE8
