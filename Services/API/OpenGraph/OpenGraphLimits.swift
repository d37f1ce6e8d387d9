/// Bounds of fetching pages for their Open Graph data (feeds M11); each can be set.
public struct OpenGraphLimits: Hashable, Sendable {
  /// Bytes read of a page.
  public var bytesMax = 1 << 20
  /// For the whole request: waiting, name lookup and redirects included.
  public var milliseconds = 5_000
  public var redirectsMax = 5
  /// Pages fetched at once, by this process; those that wait for it; those under way or waiting of one app.
  public var jobsMax = 8
  public var queueMax = 64
  public var appJobsMax = 16
  /// Images, videos and audios told of a page, of each.
  public var itemsMax = 20
  /// Characters of a text or an address; a longer one is cut, or left out if it is an address.
  public var textMax = 2_048
  /// Whether pages of private networks and of this machine are fetched.
  public var allowsPrivateAddresses = false

  public init() {}
}
