/// Asks whether anything has changed at some places since given moments.
public struct UnchangedRequest: Hashable, Sendable {
  /// `Partition.place` of what is asked about: at most `StoreLimits.unchangedPlacesMax`.
  public var places: [UInt32]
  /// A moment of each shard, by its number: `UnchangedResponse.moments` of an earlier call.
  public var since: [UInt64]
  public init(places: [UInt32], since: [UInt64]) {
    self.places = places
    self.since = since
  }
}

public struct UnchangedResponse: Hashable, Sendable {
  /// Nothing at these places has changed: every read of them would answer as it did. Where several partitions are told apart
  /// no more, or the moments are those of another map of shards, the answer is no.
  public var isUnchanged: Bool
  /// The moment of each shard, by its number, as of this call: what is read after it is at least as new.
  public var moments: [UInt64]
  public init(isUnchanged: Bool, moments: [UInt64]) {
    self.isUnchanged = isUnchanged
    self.moments = moments
  }
}
