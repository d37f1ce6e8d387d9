/// A request whose body has arrived whole.
///
/// Header names are compared without case. `path` and `query` are the bytes as sent (`query` without `?`), not decoded.
public struct HTTPRequest: Sendable {
  public struct Header: Sendable {
    public var name: String
    public var value: String
    public init(_ name: String, _ value: String) {
      self.name = name
      self.value = value
    }

    /// Whether this is its name, letters compared without case.
    public func isNamed(_ other: String) -> Bool {
      guard name.utf8.count == other.utf8.count else { return false }
      return zip(name.utf8, other.utf8).allSatisfy { a, b in
        a == b || (a | 0x20 == b | 0x20 && (a | 0x20) &- 0x61 < 26)
      }
    }
  }

  public var method: HTTPMethod
  public var path: String
  public var query: String
  public var headers: [Header]
  public var body: [UInt8]
  /// The peer's address as text, for logs.
  public var remoteAddress: String
  /// `monotonicNanoseconds()` when its first byte was read.
  public var receivedNanoseconds: UInt64

  public init(
    method: HTTPMethod, path: String, query: String = "", headers: [Header] = [], body: [UInt8] = [],
    remoteAddress: String = "", receivedNanoseconds: UInt64 = 0
  ) {
    self.method = method
    self.path = path
    self.query = query
    self.headers = headers
    self.body = body
    self.remoteAddress = remoteAddress
    self.receivedNanoseconds = receivedNanoseconds
  }

  /// The first header of that name (compared without case).
  public func header(_ name: String) -> String? {
    headers.first { $0.isNamed(name) }?.value
  }
}
