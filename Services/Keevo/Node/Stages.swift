/// The steps of a write.
enum Stage: Hashable, Sendable {
  case consensus
  case log
  case apply(Int)
  /// Flushes, recycling, ticks: what may take long.
  case maintenance
}

/// Runs work of a stage, in order, never two at once: the seam behind which tests choose who runs next.
protocol Stages: Sendable {
  func run(_ stage: Stage, _ work: @escaping @Sendable () -> Void)
  /// Runs `work` again and again on the maintenance stage, until `stop`.
  func repeatEvery(nanoseconds: UInt64, _ work: @escaping @Sendable () -> Void)
  /// Ends the threads, after the work that has been given.
  func stop()
}
