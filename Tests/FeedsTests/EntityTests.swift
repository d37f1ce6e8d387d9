import KeevoClient
import Model
import Testing

@testable import Feeds

/// 3.10, 3.11: users and objects on a store, changed by several at once.
@Suite struct EntityTests {
  private let app = AppID(1)
  private let bob = EntityName.user("bob")

  private func entities(_ store: any KeyValueStore = MemoryStore()) -> Entities {
    Entities(store: store, times: SequenceTimeSource())
  }

  private func change(_ app: AppID? = nil) -> Entities.Change { Entities.Change(app: app ?? self.app) }

  private func data(_ number: Int) -> [UInt8] { Array(#"{"n":\#(number)}"#.utf8) }

  @Test func ofParallelAddsOneSucceeds() async throws {
    let entities = entities()
    let outcomes = await withTaskGroup(of: Bool.self) { group in
      for number in 0..<50 {
        group.addTask { (try? await entities.add(bob, data: data(number), change()))?.isNew ?? false }
      }
      return await group.reduce(into: 0) { $0 += $1 ? 1 : 0 }
    }
    #expect(outcomes == 1)
  }

  @Test func parallelUpdatesAllTakeEffectOneAfterTheOther() async throws {
    let entities = entities()
    let added = try await entities.add(bob, data: data(0), change()).entity
    let updated = try await withThrowingTaskGroup(of: Entity.self) { group in
      for number in 1...20 { group.addTask { try await entities.update(bob, data: data(number), change()) } }
      return try await group.reduce(into: []) { $0.append($1) }
    }
    #expect(Set(updated.map(\.updatedAt)).count == 20)
    let last = try await entities.get(bob, app: app)
    #expect(last.updatedAt == updated.map(\.updatedAt).max())
    #expect(updated.allSatisfy { $0.createdAt == added.createdAt && $0.updatedAt > added.createdAt })
  }

  @Test func timesOfChangesGrowWhateverTheClockSays() async throws {
    let entities = entities()
    var early = change()
    early.time = ActivityTime(microseconds: 100)
    var earlier = change()
    earlier.time = ActivityTime(microseconds: 50)
    _ = try await entities.add(bob, data: data(0), early)
    #expect(try await entities.update(bob, data: data(1), earlier).updatedAt == ActivityTime(microseconds: 101))
    #expect(try await entities.put([(bob, data(2))], earlier)[0].updatedAt == ActivityTime(microseconds: 102))
  }

  @Test func ownershipIsAskedAfterExistence() async throws {
    let entities = entities()
    let name = EntityName.object(collection: "food", id: "b1")
    var stranger = change()
    stranger.mayChange = { _, object in object.owner == "bob" }
    await #expect(throws: EntityError.self) { try await entities.update(name, data: data(1), stranger) }
    _ = try await entities.add(name, data: data(1), owner: "alice", change())
    for attempt in [
      { try await entities.delete(name, stranger) }, { _ = try await entities.update(name, data: data(2), stranger) },
    ] as [() async throws -> Void] {
      do {
        try await attempt()
        Issue.record("a stranger changed it")
      } catch EntityError.notPermitted {}
    }
    #expect(try await entities.get(name, app: app).owner == "alice")
    stranger.mayChange = { _, object in object.owner == "alice" }
    #expect(try await entities.update(name, data: data(2), stranger).owner == "alice")
    try await entities.delete(name, stranger)
    #expect(try await entities.find([name], app: app) == [nil])
  }

  @Test func appsAreApart() async throws {
    let entities = entities()
    _ = try await entities.add(bob, data: data(1), change())
    #expect(try await entities.find([bob], app: AppID(2)) == [nil])
    #expect(try await entities.delete([bob], change(AppID(2))) == [])
    _ = try await entities.add(bob, data: data(2), change(AppID(2)))
    #expect(try await entities.get(bob, app: app).body != entities.get(bob, app: AppID(2)).body)
  }

  @Test func manyAreWrittenInCallsOfLegalSize() async throws {
    let entities = entities()
    let text = String(repeating: "x", count: 9_000)
    let items = (0..<1_500).map { (EntityName.user("u\($0)"), Array(#"{"n":\#($0),"t":"\#(text)"}"#.utf8)) }
    let stored = try await entities.put(items, change())
    #expect(stored.count == 1_500)
    let found = try await entities.find(items.map(\.0).reversed(), app: app)
    #expect(found == stored.reversed())
    #expect(try await entities.delete(items.map(\.0), change()).count == 1_500)
    #expect(try await entities.find(items.map(\.0), app: app).allSatisfy { $0 == nil })
  }

  @Test func namesHaveOneForm() {
    #expect(EntityName(user: "a-B_9") == .user("a-B_9"))
    for bad in ["", "a b", "a:b", "é", "a/b", "a.b", "*", String(repeating: "x", count: 256)] {
      #expect(EntityName(user: bad) == nil)
      #expect(EntityName(collection: bad, id: "a") == nil)
      #expect(EntityName(collection: "a", id: bad) == nil)
    }
  }
}
