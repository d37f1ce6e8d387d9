import Telemetry

/// Counts and times requests by kind.
struct RequestInstruments: Sendable {
  private let durations: [Route.Kind: Histogram]
  private let unrouted: Histogram
  private let failures: Counter
  private let refusals: Counter

  init(_ metrics: Metrics) {
    let help = "Time from a request's first byte to its answer."
    durations = Dictionary(
      uniqueKeysWithValues: Route.Kind.allCases.map {
        ($0, metrics.histogram("millrace_api_request_seconds", labels: "kind=\"\($0.rawValue)\"", help: help))
      })
    unrouted = metrics.histogram("millrace_api_request_seconds", labels: "kind=\"unrouted\"", help: help)
    refusals = metrics.counter("millrace_api_refused_total", help: "Answers with a status from 400 to 499.")
    failures = metrics.counter("millrace_api_failed_total", help: "Answers with a status of 500 or more.")
  }

  func observe(_ kind: Route.Kind?, status: Int, nanoseconds: UInt64) {
    (kind.flatMap { durations[$0] } ?? unrouted).observe(seconds: Double(nanoseconds) / 1e9)
    if status >= 500 { failures.increment() } else if status >= 400 { refusals.increment() }
  }
}
