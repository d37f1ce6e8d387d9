import Feeds
import KeevoClient
import Model
import Testing

/// A feed's followers in several partitions (B11).
@Suite struct BucketTests {
  private static let hour: UInt64 = 3_600_000

  /// Edges in one of the partitions of a feed.
  private func edges(_ world: World, _ bucket: Int, of feed: String) async throws -> Int {
    let name = bucket == 0 ? "f/\(feed)" : "b/\(bucket)/\(feed)"
    return try await world.store.scan(
      ScanRequest(scope: .partition(Partition(app: 1, name), RowRange(space: UInt8(ascii: "r"))), limit: 10_000)
    ).rows.count { !$0.key.rest.isEmpty }
  }

  @Test(arguments: [1, 7, 1_000])
  func followersAreSplitAtTheLimitAndNobodySeesIt(_ page: Int) async throws {
    let world = World {
      $0.bucketFollowersMax = 50
      $0.stepRowsMax = 20
      $0.fanOutPageMax = page
    }
    let names = (0..<120).map { "timeline:t\($0)" }
    var followers: [String] = []
    var added = 0
    func check(_ step: String) async throws {
      added += 1
      try await world.add("p\(added)", to: "user:star", time: Int64(1_000_000 * added))
      try await world.settle()
      for name in followers {
        #expect(try await world.read(name) { $0.limit = 1 } == ["p\(added)<user:star"], "\(name), \(step)")
      }
      let star = world.feed("user:star")
      #expect(try await world.engine.followerCount(of: star, from: nil, app: world.app) == followers.count, "\(step)")
      let timelines = try await world.engine.followerCount(of: star, from: ["timeline"], app: world.app)
      #expect(timelines == followers.count, "\(step)")
      var listed: [String] = []
      for offset in stride(from: 0, through: 125, by: 25) {
        listed += try await world.engine.followers(star, app: world.app, list: .init(limit: 25, offset: offset)).map {
          $0.source.description
        }
      }
      #expect(listed == followers.reversed(), "\(step)")
      let filter = [names[3], names[60], "timeline:none"].map(world.feed)
      let found = try await world.engine.followers(star, app: world.app, list: .init(filter: filter))
      #expect(
        found.map(\.source.description) == [names[60], names[3]].filter { followers.contains($0) }, "\(step)")
    }
    for (index, name) in names.enumerated() {
      try await world.follow(name, "user:star")
      followers.append(name)
      if index == 59 { try await check("before the first split is filled") }
    }
    try await check("both are written")
    for step in 0..<12 {
      world.clock.advance(step % 2 == 0 ? 3 * Self.hour : 25 * Self.hour)
      try await world.settle()
      try await world.unfollow(followers.removeFirst(), "user:star")
      try await check("step \(step)")
    }
    var rows: [Int] = []
    for bucket in 0...4 { rows.append(try await edges(world, bucket, of: "user:star")) }
    #expect(rows[1] > 0 && rows.filter { $0 > 0 }.count >= 3, "\(rows)")
    #expect(rows.allSatisfy { $0 <= 60 }, "\(rows)")
    world.clock.advance(100 * Self.hour)
    try await world.settle()
    rows = []
    for bucket in 0...9 { rows.append(try await edges(world, bucket, of: "user:star")) }
    #expect(rows.reduce(0, +) == followers.count, "the old buckets keep nothing: \(rows)")
  }
}
