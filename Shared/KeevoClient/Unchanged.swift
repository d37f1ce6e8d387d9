/// Asks whether anything has changed at some places since given moments: several questions at once.
public struct UnchangedRequest: Hashable, Sendable {
  public struct Question: Hashable, Sendable {
    /// `Partition.place` of what is asked about.
    public var places: [UInt32]
    /// A moment of each shard, by its number: `UnchangedResponse.moments` of an earlier call.
    public var since: [UInt64]
    public init(places: [UInt32], since: [UInt64]) {
      self.places = places
      self.since = since
    }
  }

  /// With at most `StoreLimits.unchangedPlacesMax` places together.
  public var questions: [Question]
  public init(questions: [Question]) { self.questions = questions }
}

public struct UnchangedResponse: Hashable, Sendable {
  /// Of each question, whether nothing at its places has changed: every read of them would answer as it did. Where several
  /// partitions are told apart no more, or the moments are those of another map of shards, the answer is no.
  public var unchanged: [Bool]
  /// The moment of each shard, by its number, as of this call: what is read after it is at least as new.
  public var moments: [UInt64]
  public init(unchanged: [Bool], moments: [UInt64]) {
    self.unchanged = unchanged
    self.moments = moments
  }
}
