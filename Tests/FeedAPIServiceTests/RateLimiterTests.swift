import Model
import Testing

@testable import FeedAPIService

/// C18–C20: windows of 1, 15 and 60 minutes.
@Suite struct RateLimiterTests {
  private static let app = AppID(1)
  /// The start of an hour.
  private static let hour: Int64 = 1_795_255_200 / 3_600 * 3_600

  private func admitted(
    _ limiter: RateLimiter, _ limits: RequestLimits, at second: Int64, user: String? = nil, app: AppID = app,
    kind: Route.Kind = .readFeed, tries: Int = 100
  ) -> Int {
    (0..<tries).count { _ in
      !limiter.count(app: app, kind: kind, user: user, limits: limits, nowSeconds: Self.hour + second).isExceeded
    }
  }

  @Test func eachWindowHoldsAndEnds() {
    let limiter = RateLimiter(perMinuteMax: 1_000)
    let limits = RequestLimits(perApp: [.minute: ["read_feed": 10], .quarter: ["*": 25], .hour: ["read_feed": 60]])
    #expect(admitted(limiter, limits, at: 0) == 10)
    #expect(admitted(limiter, limits, at: 59) == 0)
    #expect(admitted(limiter, limits, at: 60) == 10)
    #expect(admitted(limiter, limits, at: 120) == 5, "a quarter of an hour has 25")
    #expect(admitted(limiter, limits, at: 840) == 0)
    #expect(admitted(limiter, limits, at: 900) == 10)
    #expect(admitted(limiter, limits, at: 960) == 10)
    #expect(admitted(limiter, limits, at: 1_020) == 5)
    #expect(admitted(limiter, limits, at: 1_800) == 10, "60 in the hour: 50 are gone")
    #expect(admitted(limiter, limits, at: 1_860) == 0)
    #expect(admitted(limiter, limits, at: 3_600) == 10)
    // Kinds and apps do not see each other; a kind without a limit of its own has the process's.
    #expect(admitted(limiter, limits, at: 1_900, app: AppID(2)) == 10)
    #expect(admitted(limiter, limits, at: 1_900, kind: .follow) == 25)
    #expect(admitted(limiter, RequestLimits(), at: 1_900, app: AppID(3), tries: 1_500) == 1_000)
  }

  @Test func headersTellOfTheWindowWithTheLeastLeft() {
    let limiter = RateLimiter(perMinuteMax: 1_000)
    let limits = RequestLimits(perApp: [.minute: ["*": 3], .hour: ["*": 4]])
    func state(_ second: Int64) -> RateLimiter.State {
      limiter.count(app: Self.app, kind: .readFeed, user: nil, limits: limits, nowSeconds: Self.hour + second)
    }
    #expect(state(1) == .init(limit: 3, remaining: 2, resetSeconds: Self.hour + 60, isExceeded: false))
    #expect(state(2).remaining == 1)
    #expect(state(3) == .init(limit: 3, remaining: 0, resetSeconds: Self.hour + 60, isExceeded: false))
    #expect(state(4) == .init(limit: 3, remaining: 0, resetSeconds: Self.hour + 60, isExceeded: true))
    #expect(state(61) == .init(limit: 4, remaining: 0, resetSeconds: Self.hour + 3_600, isExceeded: false))
    #expect(state(62) == .init(limit: 4, remaining: 0, resetSeconds: Self.hour + 3_600, isExceeded: true))
    let look = limiter.look(app: Self.app, kind: .readFeed, limits: limits, nowSeconds: Self.hour + 62)
    #expect(look == .init(limit: 4, remaining: 0, resetSeconds: Self.hour + 3_600, isExceeded: false))
    #expect(limiter.idle(nowSeconds: Self.hour).remaining == 1_000)
  }

  @Test func usersHaveLimitsOfTheirOwn() {
    let limiter = RateLimiter(perMinuteMax: 1_000)
    let limits = RequestLimits(perApp: [.minute: ["*": 12]], perUser: [.minute: ["read_feed": 5], .hour: ["*": 7]])
    #expect(admitted(limiter, limits, at: 0, user: "a") == 5)
    #expect(admitted(limiter, limits, at: 0, user: "b") == 5)
    #expect(admitted(limiter, limits, at: 0, user: "c") == 2, "the app's twelve are gone")
    #expect(admitted(limiter, limits, at: 60, user: "a") == 2, "seven in the hour")
    #expect(admitted(limiter, limits, at: 60) == 10, "who is no user has the app's limit alone")
  }

  @Test func aLimitOfZeroAdmitsNothing() {
    let limiter = RateLimiter(perMinuteMax: 1_000)
    #expect(admitted(limiter, RequestLimits(perApp: [.hour: ["*": 0]]), at: 0) == 0)
  }

  @Test func parallelRequestsAreCountedExactly() async {
    let limiter = RateLimiter(perMinuteMax: 500)
    let admitted = await withTaskGroup(of: Int.self) { group in
      for _ in 0..<8 { group.addTask { self.admitted(limiter, RequestLimits(), at: 5) } }
      return await group.reduce(0, +)
    }
    #expect(admitted == 500)
  }
}
