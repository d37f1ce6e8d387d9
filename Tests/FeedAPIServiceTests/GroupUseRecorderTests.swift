import Feeds
import Model
import Synchronization
import Testing

@testable import FeedAPIService

@Suite struct GroupUseRecorderTests {
  final class Notes: Sendable {
    let all = Mutex<Set<String>>([])
  }

  static func make() -> (GroupUseRecorder<RecordingFeeds>, RecordingFeeds, Notes) {
    let feeds = RecordingFeeds()
    let notes = Notes()
    let recorder = GroupUseRecorder(base: feeds) { app, group in
      notes.all.withLock { _ = $0.insert("\(app)/\(group) after \(feeds.calls.count)") }
    }
    return (recorder, feeds, notes)
  }

  static func feed(_ text: String) throws -> FeedID { try #require(FeedID(text)) }

  @Test func addsNoteTheFeedsGroupAndThoseOfItsTargetsBeforeTheWrite() async throws {
    let (recorder, feeds, notes) = Self.make()
    let activity = ActivityInput(
      actor: "a", verb: "v", object: "o", to: [try Self.feed("inbox:1"), try Self.feed("wall:2")], idLowBits: 1)
    _ = try await recorder.add([activity], to: try Self.feed("user:1"), app: AppID(7), traceID: [])
    #expect(notes.all.withLock { $0 } == ["7/user after 0", "7/inbox after 0", "7/wall after 0"])
    #expect(feeds.calls == ["add 1 to 7/user:1"])
  }

  @Test func followsNoteBothGroups() async throws {
    let (recorder, feeds, notes) = Self.make()
    let request = FollowRequest(source: try Self.feed("timeline:1"), target: try Self.feed("user:2"))
    try await recorder.follow([request], app: AppID(7), traceID: [])
    #expect(notes.all.withLock { $0 } == ["7/timeline after 0", "7/user after 0"])
    #expect(feeds.calls.count == 1)
  }

  @Test func readsAndRemovalsNoteNothingAndPassThrough() async throws {
    let (recorder, feeds, notes) = Self.make()
    let user = try Self.feed("user:1")
    _ = try await recorder.readFlat(user, app: AppID(7), page: PageRequest(limit: 5))
    try await recorder.remove(foreignID: "x", from: user, app: AppID(7), traceID: [])
    try await recorder.unfollow([UnfollowRequest(source: user, target: user)], app: AppID(7), traceID: [])
    #expect(notes.all.withLock { $0 }.isEmpty)
    #expect(feeds.calls.count == 3)
  }
}
