import JSON
import KeevoClient
import Model

/// Puts what references name into activities (feeds 3.8), wave by wave: all that the page names is one `MultiGet` (B4), then
/// all that this names, and so on; bodies are spliced as stored, never written anew.
public struct Enrichment: Sendable {
  public struct Limits: Hashable, Sendable {
    /// Different things that one wave may ask for; the references past it stay strings.
    public var referencesMax = 1_000
    /// Bytes of all enriched activities of a page; where they are used up, references stay strings.
    public var bytesMax = 16 << 20
    /// Levels of activities inside activities (H5).
    public var depthMax = 3
    public init() {}
  }

  let store: any KeyValueStore
  let reactions: any ReactionSource
  let limits: Limits

  public init(store: any KeyValueStore, reactions: any ReactionSource = NoReactions(), limits: Limits = Limits()) {
    self.store = store
    self.reactions = reactions
    self.limits = limits
  }

  /// The activities of a page, flat or of any groups, each enriched, in the order given.
  public func bodies(
    of items: [FeedItem], options: EnrichmentOptions = EnrichmentOptions(), app: AppID
  ) async throws(FeedError) -> [[UInt8]] {
    var page: EnrichedPage
    do throws(JSONError) {
      page = try EnrichedPage(items, limits: limits, withMembers: options.wantsReactions)
    } catch { throw Self.unreadable(error) }
    while let wave = page.nextWave() {
      async let rows = Self.outcome { () throws(FeedError) in
        do throws(StoreError) { return try await stored(wave, app) } catch { throw .store(error) }
      }
      async let named = Self.outcome { () throws(FeedError) in
        wave.reactions.isEmpty ? [] : try await reactions.reactions(wave.reactions, options: options, app: app)
      }
      async let members = Self.outcome { () throws(FeedError) in
        wave.members.isEmpty ? [] : try await reactions.members(of: wave.members, options: options, app: app)
      }
      let brought = (await rows, await named, await members)
      let (foundRows, foundNamed, foundMembers) = (try brought.0.get(), try brought.1.get(), try brought.2.get())
      do throws(JSONError) {
        try page.take(wave, rows: foundRows, reactions: foundNamed, members: foundMembers)
      } catch { throw Self.unreadable(error) }
    }
    return page.rendered()
  }

  private static func unreadable(_ error: JSONError) -> FeedError {
    .store(.unknownFormat("a stored activity is not JSON: \(error)"))
  }

  private static func outcome<Value>(
    _ body: () async throws(FeedError) -> Value
  ) async -> Result<Value, FeedError> {
    do throws(FeedError) { return .success(try await body()) } catch { return .failure(error) }
  }

  private func stored(_ wave: EnrichedPage.Wave, _ app: AppID) async throws(StoreError) -> [EnrichedPage.StoredRow] {
    let items =
      wave.entities.map { $0.item(app) }
      + wave.activities.map { .init(partition: FeedKeys.activity($0, app), key: FeedKeys.record) }
    if items.isEmpty { return [] }
    let rows = try await store.multiGet(MultiGetRequest(items: items)).rows
    guard rows.count == items.count else { throw .unknown("the store answered another number of rows") }
    var found: [EnrichedPage.StoredRow] = []
    found.reserveCapacity(rows.count)
    for row in rows.prefix(wave.entities.count) {
      guard let row else {
        found.append(.missing)
        continue
      }
      found.append(.entity(try Entities.entity(row.value)))
    }
    for (id, row) in zip(wave.activities, rows.dropFirst(wave.entities.count)) {
      guard let row else {
        found.append(.missing)
        continue
      }
      let record: ActivityRecord
      do { record = try ActivityRecord(row.value) } catch { throw .unknownFormat("activity: \(error)") }
      found.append(record.idVersion == id.version ? .activity(record.stored(id, version: row.version)) : .missing)
    }
    return found
  }
}
