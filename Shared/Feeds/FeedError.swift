import KeevoClient
import Model

/// Why an operation on feeds failed.
public enum FeedError: Error, Sendable {
  /// Nothing is known to have been stored, and the same request may be sent again.
  case store(StoreError)
  /// The record changed under us too often; nothing was stored.
  case contention
  case invalid(String)
  /// An activity has no score (feeds K5, K7).
  case ranking(RankingFailure)
  /// There is no such activity, or it is not in the feed that was named (feeds 1.3, code 13).
  case missing(ActivityID)
  /// What an activity would become is not allowed.
  case activity(ActivityInputError)
  /// The group's aggregation format does not compile (feeds J9).
  case aggregationFormat(AggregationFormatError)
}
