import Feeds
import Model

/// Reactions as a test wrote them: `bob` likes each activity it is asked about, and has made the reactions listed.
struct ScriptedReactions: ReactionSource {
  var known: Set<ActivityID> = []

  func reactions(
    _ ids: [ActivityID], options: EnrichmentOptions, app: AppID
  ) async throws(FeedError) -> [ReferenceText?] {
    ids.map { id in
      guard known.contains(id) else { return nil }
      var text = ReferenceText()
      text.splice(Array(#"{"id":"\#(id)","user":"#.utf8))
      text.reference(Reference(user: "bob"))
      text.splice("}")
      return text
    }
  }

  func members(
    of activities: [ActivityID], options: EnrichmentOptions, app: AppID
  ) async throws(FeedError) -> [ReferenceText] {
    activities.map { _ in
      var text = ReferenceText()
      text.splice(#","own_reactions":{"like":[{"user":"#)
      text.reference(Reference(user: "bob"))
      text.splice("}]}")
      return text
    }
  }
}
