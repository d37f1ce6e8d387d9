/// Why a request is refused before any handler sees it: the status to answer and a reason for a person.
public struct HTTPRefusal: Error, Equatable, Sendable {
  public var status: Int
  public var reason: String

  public init(_ status: Int, _ reason: String) {
    self.status = status
    self.reason = reason
  }

  static func malformed(_ reason: String) -> HTTPRefusal { HTTPRefusal(400, reason) }
}
