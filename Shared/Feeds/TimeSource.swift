import KeevoClient
import Model

/// Gives the times of activities and follows that come without one (feeds T5, B14).
public protocol TimeSource: Sendable {
  /// `count` times, strictly increasing, after all that this source gave the app before.
  func next(_ count: Int, app: AppID) async throws(StoreError) -> [ActivityTime]
}
