import Model

/// Whose change it is: the app (B7), the request (B22), and the author whom the audit log names (feeds S2).
public struct ChangeContext: Hashable, Sendable {
  /// Who is named as author.
  public enum Author: Hashable, Sendable {
    case user(String)
    /// Nobody was named: the activity's actor.
    case actor
  }

  public var app: AppID
  /// Sixteen bytes, or none.
  public var traceID: [UInt8]
  /// `nil`: the change is not noted in the audit log.
  public var author: Author?
  /// Whether activities are found by their actors, for data privacy (feeds 2.17).
  public var indexesActors: Bool

  public init(app: AppID, traceID: [UInt8] = [], author: Author? = nil, indexesActors: Bool = false) {
    self.app = app
    self.traceID = traceID
    self.author = author
    self.indexesActors = indexesActors
  }
}
