/// The resources that scope tokens name (feeds 1.6).
public enum APIResource: String, Hashable, Sendable, CaseIterable {
  case feed, follower, collections, reactions, files, analytics, moderation, activities, users, personalization, url
  case feedTargets = "feed_targets"
  case auditLogs = "audit_logs"
  case redirectAndTrack = "redirect_and_track"
  case dataPrivacy = "data_privacy"
  /// Endpoints that only a token for `*` opens.
  case everything = "*"
}

/// What a request does, by its method (feeds A7).
public enum APIAction: String, Hashable, Sendable, CaseIterable { case read, write, delete }
