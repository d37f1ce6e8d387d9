import Model
import Testing

@testable import WorkerService

/// The lines of an export.
@Suite struct ExportLineTests {
  private func items(_ text: String) throws -> [ExportItem] { try ExportLine.items(Array(text.utf8)) }

  private func reasons(_ text: String) -> [String] {
    do {
      _ = try items(text)
      return []
    } catch let error as ExportLine.Problems { return error.reasons } catch { return ["\(error)"] }
  }

  @Test func activitiesKeepTheirBytesAndGetTheIDTheyHaveHere() throws {
    let former = "11111111-2222-1333-8444-555555555555"
    let one =
      #"{"actor":1, "verb":"tweet","object":1,"foreign_id":"tweet:1","time":"2016-04-20T17:47:40.529165","id":"\#(former)"}"#
    let found = try items(#"{"instruction":"add_activities","feedId":"user:1","data":[\#(one)]}"#)
    guard case .activity(let json, let feed, let id?, let here)? = found.first, found.count == 1 else {
      Issue.record("\(found)")
      return
    }
    #expect(String(decoding: json, as: UTF8.self) == one)
    #expect(feed.description == "user:1")
    #expect(id.description == former)
    let time = try #require(ActivityTime("2016-04-20T17:47:40.529165"))
    #expect(here == ActivityID(ticks: time.ticks, low: 1 << 63 | ActivityInput.idLowBits(ofForeignID: "tweet:1")))
  }

  @Test func followsAreListsOfFeeds() throws {
    let found = try items(
      #"{"instruction":"follow","feedId":"timeline:1","data":["user:2",{"target":"user:3","activity_copy_limit":0}],"#
        + #""activity_copy_limit":50}"#)
    let source = try #require(FeedID("timeline:1"))
    #expect(
      found == [
        .follow(source: source, target: try #require(FeedID("user:2")), copyLimit: 50),
        .follow(source: source, target: try #require(FeedID("user:3")), copyLimit: 0),
      ])
  }

  @Test func usersAndObjectsHaveTheirDataInsideOrBeside() throws {
    #expect(
      try items(#"{"instruction":"users","data":[{"id":"a","data":{"n": 1}},{"id":2,"n":1.0,"m":[]},{"id":"b"}]}"#) == [
        .user(id: "a", data: Array(#"{"n": 1}"#.utf8)), .user(id: "2", data: Array(#"{"n":1.0,"m":[]}"#.utf8)),
        .user(id: "b", data: Array("{}".utf8)),
      ])
    #expect(
      try items(
        #"{"instruction":"collections","data":[{"collection":"food","id":"b1","data":{"n":1},"user_id":"a"},"#
          + #"{"collection_name":"food","id":"b2","n":1}]}"#) == [
          .object(collection: "food", id: "b1", data: Array(#"{"n":1}"#.utf8), user: "a"),
          .object(collection: "food", id: "b2", data: Array(#"{"n":1}"#.utf8), user: nil),
        ])
  }

  @Test func reactionsNameTheirActivityInThreeWays() throws {
    let id = "11111111-2222-1333-8444-555555555555"
    let found = try items(
      """
      {"instruction":"reactions","data":[{"id":"\(id)","kind":"like","user_id":"a","activity_id":"\(id)","data":{"x":1},"target_feeds":null},
      {"created_at":"2026-11-21T10:00:00Z","kind":"like","user_id":"a","foreign_id":"t:1","time":"2026-11-21"},
      {"id":"\(id)","kind":"like","user_id":"a","parent":"\(id)","activity_id":"\(id)"}]}
      """.replacing("\n", with: ""))
    let reactions = found.compactMap { item in if case .reaction(let reaction) = item { reaction } else { nil } }
    #expect(reactions.count == 3)
    #expect(reactions[0].activity?.description == id)
    #expect(reactions[0].others.map(\.name) == ["data"])
    let time = try #require(ActivityTime("2026-11-21"))
    #expect(
      reactions[1].activity == ActivityID(ticks: time.ticks, low: 1 << 63 | ActivityInput.idLowBits(ofForeignID: "t:1"))
    )
    #expect(reactions[1].id.ticks == ActivityTime("2026-11-21T10:00:00Z")?.ticks)
    #expect(reactions[2].activity == nil && reactions[2].parent == id)
  }

  @Test func blankLinesAreNothing() throws {
    #expect(try items("").isEmpty && items("  \r").isEmpty)
  }

  @Test(arguments: [
    ("{", "not valid JSON"), ("[]", "member instruction"), (#"{"instruction":"x","data":[]}"#, "not known"),
    (#"{"type":"user","data":{"id":"a"}}"#, "v3's format"),
    (#"{"instruction":"users"}"#, "data must be a list"), (#"{"instruction":"follow","data":[]}"#, "feedId"),
    (#"{"instruction":"follow","feedId":"timeline","data":[]}"#, "feedId"),
    (#"{"instruction":"follow","feedId":"timeline:1","data":[7]}"#, "data[0]: must be a feed"),
    (
      #"{"instruction":"add_activities","feedId":"user:1","data":[{"actor":"a","verb":"v","object":"o"}]}"#,
      "time is missing"
    ),
    (#"{"instruction":"add_activities","feedId":"user:1","data":[{"time":"2026-11-21"}]}"#, "actor"),
    (#"{"instruction":"users","data":[{"id":"a b"}]}"#, "id must consist"),
    (#"{"instruction":"users","data":[{"id":"a","data":7}]}"#, "data must be an object"),
    (#"{"instruction":"collections","data":[{"id":"a","data":{"x":1}}]}"#, "collection must consist"),
    (#"{"instruction":"collections","data":[{"collection":"c","id":"a"}]}"#, "at least one member"),
    (#"{"instruction":"reactions","data":[{"kind":"like","user_id":"a","id":"x","parent":"y"}]}"#, "id must be a UUID"),
    (#"{"instruction":"reactions","data":[{"kind":"like","user_id":"a"}]}"#, "names no activity"),
    (#"{"instruction":"reactions","data":[{"kind":"like","user_id":"a","parent":"y"}]}"#, "neither id nor created_at"),
  ])
  func whatIsWrongIsNamed(line: String, words: String) {
    #expect(reasons(line).contains { $0.contains(words) }, "\(reasons(line))")
  }

  @Test func everyWrongItemIsNamed() {
    #expect(
      reasons(#"{"instruction":"users","data":[{},{"id":"a"},{"id":""}]}"#).map { $0.prefix(7) } == [
        "data[0]", "data[2]",
      ])
  }
}
