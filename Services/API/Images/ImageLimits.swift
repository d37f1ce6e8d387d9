/// Limits of image processing; each can be set.
public struct ImageLimits: Hashable, Sendable {
  /// Pixels of an image that is processed, and of its result: a small file may hold a very large image.
  public var pixelsMax = 50_000_000
  /// Up to which a side is made larger than it was (feeds M9).
  public var sideMax = 4_096
  /// Images processed at once, by this process; those that wait for it; those under way or waiting of one app.
  public var jobsMax = 2
  public var queueMax = 64
  public var appJobsMax = 16
  /// From the request for an image to its end, the waiting included.
  public var milliseconds = 10_000

  public init() {}
}
