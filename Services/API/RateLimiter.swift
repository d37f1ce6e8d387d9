import Model
import Synchronization

/// Counts requests in windows of 1, 15 and 60 minutes, by app and kind, and by user where the app limits users (feeds
/// C18–C20). One process counts for itself. A refused request counts nowhere, so that whoever waits gets through.
final class RateLimiter: Sendable {
  /// What the headers of an answer say: of the window that has the fewest requests left.
  struct State: Hashable, Sendable {
    var limit: Int
    var remaining: Int
    /// Unix seconds at which the window ends.
    var resetSeconds: Int64
    var isExceeded: Bool
  }

  /// Users whose requests are counted at once in a window; requests of further ones pass.
  static let usersMax = 200_000

  private struct Key: Hashable {
    let app: AppID
    let kind: Route.Kind
    /// `nil`: the whole app.
    let user: String?
  }

  /// One window: all of its counts end together, so that nothing is left of apps and users that have gone.
  private struct Counts {
    var number: Int64 = 0
    var apps: [Key: Int] = [:]
    var users: [Key: Int] = [:]

    subscript(_ key: Key) -> Int {
      get { (key.user == nil ? apps[key] : users[key]) ?? 0 }
      set { if key.user == nil { apps[key] = newValue } else { users[key] = newValue } }
    }

    func hasRoom(for key: Key) -> Bool { key.user == nil || users.count < RateLimiter.usersMax || users[key] != nil }
  }

  private struct Windows {
    var minute = Counts()
    var quarter = Counts()
    var hour = Counts()

    subscript(_ window: RequestLimits.Window) -> Counts {
      get {
        switch window {
        case .minute: minute
        case .quarter: quarter
        case .hour: hour
        }
      }
      _modify {
        switch window {
        case .minute: yield &minute
        case .quarter: yield &quarter
        case .hour: yield &hour
        }
      }
    }
  }

  /// One limit that applies to a request.
  private struct Limit {
    let window: RequestLimits.Window
    let key: Key
    let most: Int
  }

  private let perMinuteMax: Int
  private let windows = Mutex(Windows())

  /// - Parameter perMinuteMax: for apps and kinds without a limit of their own for a minute.
  init(perMinuteMax: Int) { self.perMinuteMax = perMinuteMax }

  /// Counts one request, unless it is over a limit.
  func count(app: AppID, kind: Route.Kind, user: String?, limits: RequestLimits, nowSeconds: Int64) -> State {
    state(app, kind, user, limits, nowSeconds, counts: true)
  }

  /// What stands, without a request.
  func look(app: AppID, kind: Route.Kind, limits: RequestLimits, nowSeconds: Int64) -> State {
    state(app, kind, nil, limits, nowSeconds, counts: false)
  }

  private func state(
    _ app: AppID, _ kind: Route.Kind, _ user: String?, _ limits: RequestLimits, _ now: Int64, counts: Bool
  ) -> State {
    let applying = self.limits(app, kind, user, limits)
    return windows.withLock { windows in
      for limit in applying {
        let number = Self.number(limit.window, now)
        if windows[limit.window].number != number { windows[limit.window] = Counts(number: number) }
      }
      // Of those that are exceeded the one that ends last, else the one with the least left.
      var exceeded: State?
      for limit in applying where windows[limit.window][limit.key] >= limit.most {
        let state = State(
          limit: limit.most, remaining: 0, resetSeconds: Self.end(limit.window, now), isExceeded: counts)
        if state.resetSeconds >= exceeded?.resetSeconds ?? 0 { exceeded = state }
      }
      if let exceeded { return exceeded }
      var tightest: State?
      for limit in applying {
        if counts, windows[limit.window].hasRoom(for: limit.key) { windows[limit.window][limit.key] += 1 }
        let state = State(
          limit: limit.most, remaining: limit.most - windows[limit.window][limit.key],
          resetSeconds: Self.end(limit.window, now), isExceeded: false)
        if state.remaining < tightest?.remaining ?? .max { tightest = state }
      }
      return tightest ?? idle(nowSeconds: now)
    }
  }

  private func limits(_ app: AppID, _ kind: Route.Kind, _ user: String?, _ limits: RequestLimits) -> [Limit] {
    var applying: [Limit] = []
    for window in RequestLimits.Window.allCases {
      let ofApp = RequestLimits.most(limits.perApp, window, kind: kind.rawValue)
      if let most = ofApp ?? (window == .minute ? perMinuteMax : nil) {
        applying.append(Limit(window: window, key: Key(app: app, kind: kind, user: nil), most: most))
      }
      if let user, let most = RequestLimits.most(limits.perUser, window, kind: kind.rawValue) {
        applying.append(Limit(window: window, key: Key(app: app, kind: kind, user: user), most: most))
      }
    }
    return applying
  }

  private static func number(_ window: RequestLimits.Window, _ now: Int64) -> Int64 { now / (window.minutes * 60) }

  private static func end(_ window: RequestLimits.Window, _ now: Int64) -> Int64 {
    (number(window, now) + 1) * window.minutes * 60
  }

  /// What answers say that belong to no app: refusals before the key is known.
  func idle(nowSeconds: Int64) -> State {
    State(
      limit: perMinuteMax, remaining: perMinuteMax, resetSeconds: Self.end(.minute, nowSeconds), isExceeded: false)
  }
}
