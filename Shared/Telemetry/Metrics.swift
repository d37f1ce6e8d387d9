import Synchronization

/// Counters, gauges and latency histograms of one process, written in Prometheus' text format.
///
/// Names end in their unit. A metric about data of customers carries the label `app`.
public final class Metrics: Sendable {
  private struct State {
    var counters: [String: Counter] = [:]
    var gauges: [String: @Sendable () -> Double] = [:]
    var histograms: [String: Histogram] = [:]
    var help: [String: String] = [:]
  }

  private let state = Mutex(State())

  public init() {}

  /// The counter of that name and label text (`app="1"`), made at first use. Hold on to it on hot paths.
  public func counter(_ name: String, labels: String = "", help: String = "") -> Counter {
    state.withLock { state in
      if !help.isEmpty { state.help[name] = help }
      let key = labels.isEmpty ? name : "\(name){\(labels)}"
      if let counter = state.counters[key] { return counter }
      let counter = Counter()
      state.counters[key] = counter
      return counter
    }
  }

  /// Registers a gauge that is read when the metrics are.
  public func gauge(_ name: String, labels: String = "", help: String = "", _ read: @escaping @Sendable () -> Double) {
    state.withLock { state in
      if !help.isEmpty { state.help[name] = help }
      state.gauges[labels.isEmpty ? name : "\(name){\(labels)}"] = read
    }
  }

  /// The histogram of that name: seconds, buckets from 100 µs to 10 s.
  public func histogram(_ name: String, labels: String = "", help: String = "") -> Histogram {
    state.withLock { state in
      if !help.isEmpty { state.help[name] = help }
      let key = labels.isEmpty ? name : "\(name){\(labels)}"
      if let histogram = state.histograms[key] { return histogram }
      let histogram = Histogram(name: name, labels: labels)
      state.histograms[key] = histogram
      return histogram
    }
  }

  /// The page of `/metrics`.
  public func prometheusText() -> String {
    let (counters, gauges, histograms, help) = state.withLock { ($0.counters, $0.gauges, $0.histograms, $0.help) }
    var lines: [String] = []
    var described: Set<String> = []
    func describe(_ key: String, _ type: String) {
      let name = String(key.prefix { $0 != "{" })
      guard described.insert(name).inserted else { return }
      if let text = help[name] { lines.append("# HELP \(name) \(text)") }
      lines.append("# TYPE \(name) \(type)")
    }
    for key in counters.keys.sorted() {
      describe(key, "counter")
      lines.append("\(key) \(counters[key]!.value)")
    }
    for key in gauges.keys.sorted() {
      describe(key, "gauge")
      lines.append("\(key) \(gauges[key]!())")
    }
    for key in histograms.keys.sorted() {
      describe(key, "histogram")
      lines += histograms[key]!.prometheusLines()
    }
    return lines.joined(separator: "\n") + "\n"
  }
}

public final class Counter: Sendable {
  private let count = Atomic<Int>(0)
  public func increment(by amount: Int = 1) { count.add(amount, ordering: .relaxed) }
  public var value: Int { count.load(ordering: .relaxed) }
}

public final class Histogram: Sendable {
  static let boundsSeconds: [Double] = [
    0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10,
  ]
  private struct State {
    var buckets = [Int](repeating: 0, count: Histogram.boundsSeconds.count + 1)
    var sum = 0.0
    var count = 0
  }
  private let name: String
  private let labels: String
  private let state = Mutex(State())

  init(name: String, labels: String) {
    self.name = name
    self.labels = labels
  }

  public func observe(seconds: Double) {
    let index = Self.boundsSeconds.firstIndex { seconds <= $0 } ?? Self.boundsSeconds.count
    state.withLock {
      $0.buckets[index] += 1
      $0.sum += seconds
      $0.count += 1
    }
  }

  func prometheusLines() -> [String] {
    let snapshot = state.withLock { $0 }
    let comma = labels.isEmpty ? "" : "\(labels),"
    let braces = labels.isEmpty ? "" : "{\(labels)}"
    var lines: [String] = []
    var cumulative = 0
    for (index, bound) in Self.boundsSeconds.enumerated() {
      cumulative += snapshot.buckets[index]
      lines.append("\(name)_bucket{\(comma)le=\"\(bound)\"} \(cumulative)")
    }
    lines.append("\(name)_bucket{\(comma)le=\"+Inf\"} \(snapshot.count)")
    lines.append("\(name)_sum\(braces) \(snapshot.sum)")
    lines.append("\(name)_count\(braces) \(snapshot.count)")
    return lines
  }
}
