import KeevoClient
import Model

extension FeedEngine {
  /// Scores the newest activities of a feed, at most `rankedWindowMax`, and gives a page of the best (feeds K2, K8).
  public func readRanked(_ feed: FeedID, app: AppID, request: RankedRequest) async throws(FeedError) -> FlatPage {
    let items: [FeedItem]
    let counts: [RankingScorer.Counts]
    do throws(StoreError) {
      items = try await read(feed, app, window(of: request)).items
      counts = try await self.counts(request.method, items.map(\.activity.id), app)
    } catch {
      throw .store(error)
    }
    do { return try request.rank(items, counts: counts) } catch { throw .ranking(error) }
  }

  /// What a ranked read looks at: as much as may be scored, from the bounds on.
  func window(of request: RankedRequest) -> PageRequest {
    var window = request.page
    window.offset = 0
    window.limit = options.rankedWindowMax
    return window
  }

  /// What the method counts, in one call each for reactions and analytics.
  func counts(
    _ method: RankingMethod, _ ids: [ActivityID], _ app: AppID
  ) async throws(StoreError) -> [RankingScorer.Counts] {
    if ids.isEmpty || method.reactionKinds.isEmpty && method.analyticsNames.isEmpty { return [] }
    var counts = [RankingScorer.Counts](repeating: .init(), count: ids.count)
    if !method.reactionKinds.isEmpty {
      let found = try await activityCounts.reactions(method.reactionKinds, of: ids, app: app)
      for (index, numbers) in found.enumerated() { counts[index].reactions = numbers }
    }
    if !method.analyticsNames.isEmpty {
      let found = try await activityCounts.analytics(method.analyticsNames, of: ids, app: app)
      for (index, numbers) in found.enumerated() { counts[index].analytics = numbers }
    }
    return counts
  }
}
