import Jobs
import KeevoClient
import Model

/// Finding reactions by id: the locator, then the record and those above it (feeds R11, R12).
extension FeedEngine {
  struct FoundReaction: Sendable {
    var record: ReactionRecord
    var version: Stamp
    /// When a reaction above it was soft-deleted.
    var aboveDeletedAt: ActivityTime?

    var isLive: Bool { record.deletedAt == nil && aboveDeletedAt == nil }
    var reaction: Reaction { Reaction(record, aboveDeletedAt: aboveDeletedAt) }
  }

  func findReactions(_ ids: [ActivityID], _ app: AppID) async throws(StoreError) -> [FoundReaction?] {
    let rows = try await multiGet(
      ids.map { .init(partition: ReactionList.partition($0, app), key: ReactionList.locator) })
    var paths: [ReactionPath?] = []
    for row in rows {
      let locator = try ReactionLocator.decode(row)
      paths.append(locator?.state == .gone ? nil : locator?.path)
    }
    return try await findReactions(at: paths, app)
  }

  /// The records that paths lead to; `nil` where the record, or one above it, is gone.
  func findReactions(at paths: [ReactionPath?], _ app: AppID) async throws(StoreError) -> [FoundReaction?] {
    var items: [MultiGetRequest.Item] = []
    for case let path? in paths {
      for place in [path] + path.ancestors {
        let partition = place.list.partition(app)
        items.append(.init(partition: partition, key: place.list.body(place.own)))
        items.append(.init(partition: partition, key: place.list.deleted(place.own)))
      }
    }
    var rows = try await multiGet(items)[...]
    var out: [FoundReaction?] = []
    for path in paths {
      guard let path else {
        out.append(nil)
        continue
      }
      var found: FoundReaction?
      for (number, place) in ([path] + path.ancestors).enumerated() {
        let (body, deleted) = (rows.removeFirst(), rows.removeFirst())
        guard let row = body ?? deleted, let record = try ReactionRecord.decode(row), record.path.epoch == place.epoch
        else {
          found = nil
          rows = rows.dropFirst(2 * (path.level - 1 - number))
          break
        }
        if number == 0 {
          found = FoundReaction(record: record, version: row.version)
        } else if found?.aboveDeletedAt == nil {
          found?.aboveDeletedAt = record.deletedAt
        }
      }
      out.append(found)
    }
    return out
  }

  public func reactions(_ ids: [ActivityID], app: AppID) async throws(ReactionError) -> [Reaction?] {
    do throws(StoreError) {
      return try await findReactions(ids, app).map { $0?.reaction }
    } catch {
      throw .feeds(.store(error))
    }
  }

  public func reactionTrees(
    _ ids: [ActivityID], ownChildren: OwnChildrenRequest?, app: AppID
  ) async throws(ReactionError) -> [ReactionTree?] {
    do throws(StoreError) {
      let found = try await findReactions(ids, app)
      let nodes = found.compactMap { found in
        found.map { ReactionNode(record: $0.record, aboveDeletedAt: $0.aboveDeletedAt) }
      }
      var trees = try await trees(nodes, ownChildren, app)[...]
      return found.map { $0 == nil ? nil : trees.removeFirst() }
    } catch {
      throw .feeds(.store(error))
    }
  }

  /// Several ranges, each from its beginning, in as few calls as their bytes allow (B4).
  func scans(_ requests: [ScanRequest]) async throws(StoreError) -> [ScanResponse] {
    var out: [ScanResponse] = []
    var rest = requests[...]
    while !rest.isEmpty {
      let part = Array(rest.prefix(StoreLimits.multiScanMax))
      let pages = try await store.multiScan(MultiScanRequest(scans: part)).pages
      guard !pages.isEmpty, pages.count <= part.count else {
        throw .unknown("the store answered another number of pages")
      }
      out += pages
      rest = rest.dropFirst(pages.count)
    }
    return out
  }
}
