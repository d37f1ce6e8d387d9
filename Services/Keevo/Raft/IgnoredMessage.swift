/// Why a message had no effect (beyond its term, where that was newer). The caller counts them: `outdated`, `leaderAlive`
/// and `wrongRole` are a network's everyday noise, the others are somebody's fault.
public enum IgnoredMessage: String, Hashable, Sendable, CaseIterable {
  /// Addressed to another replica, or from nobody, or from this replica itself.
  case misaddressed
  /// No term where one is needed, or a number beyond what arithmetic on it bears.
  case numberOutOfRange
  /// Entries that do not follow one another, or of terms that their sender cannot know.
  case malformedEntries
  /// A snapshot without a term or voters, or whose reference is too long.
  case malformedSnapshot
  /// A read context of somebody else than the sender.
  case malformedRead
  /// Of a term that is over.
  case outdated
  /// A vote is wanted while the leader is heard from.
  case leaderAlive
  /// Answers to what this replica, in its present role, did not ask.
  case wrongRole
  /// An answer of a replica that is no member.
  case notAMember
  /// Another leader of the very same term.
  case twoLeaders
  /// A follower is said to hold entries that it does not have: it has lost its disk, or the sender errs.
  case commitBeyondLog
  /// Acknowledges what the leader never wrote.
  case acknowledgedBeyondLog
  /// The files of this very snapshot are being fetched.
  case alreadyFetching
  /// More reads wait than the limit allows.
  case tooManyReads
}
