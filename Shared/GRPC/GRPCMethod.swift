/// A method as it is named on the wire.
public struct GRPCMethod: Hashable, Sendable {
  /// `/package.Service/Method`
  public let path: String
  public init(service: String, _ name: String) { path = "/\(service)/\(name)" }
}
