import Telemetry

/// What a node counts.
struct NodeMetrics: Sendable {
  let writes: Counter
  let reads: Counter
  let overloaded: Counter
  let logBytes: Counter
  let logRounds: Counter
  let logRoundSeconds: Histogram
  let applySeconds: Histogram
  let entries: Counter

  init(_ metrics: Metrics) {
    writes = metrics.counter("keevo_commands_total", help: "Commands applied, one for each shard a write touched.")
    reads = metrics.counter("keevo_reads_total", help: "Read calls answered.")
    overloaded = metrics.counter("keevo_overloaded_total", help: "Writes refused before the log.")
    logBytes = metrics.counter("keevo_log_written_bytes_total", help: "Bytes of records written to the log.")
    logRounds = metrics.counter("keevo_log_rounds_total", help: "Syncs of the log.")
    logRoundSeconds = metrics.histogram("keevo_log_round_seconds", help: "Write and sync of one round.")
    applySeconds = metrics.histogram("keevo_apply_seconds", help: "Apply of one log entry.")
    entries = metrics.counter("keevo_log_entries_total", help: "Log entries applied.")
  }

  func logRound(records: [LogRecord], nanoseconds: UInt64) {
    logBytes.increment(by: records.reduce(0) { $0 + $1.encodedBytes })
    logRounds.increment()
    logRoundSeconds.observe(seconds: Double(nanoseconds) / 1e9)
  }

  func applied(commands: Int, nanoseconds: UInt64) {
    writes.increment(by: commands)
    entries.increment()
    applySeconds.observe(seconds: Double(nanoseconds) / 1e9)
  }
}
