/// What is wrong with an activity that a caller sent.
public struct ActivityInputError: Error, Hashable, Sendable {
  public struct Field: Hashable, Sendable {
    /// The member, e.g. `actor` or `to[2]`.
    public var path: String
    public var message: String
    public init(_ path: String, _ message: String) {
      self.path = path
      self.message = message
    }
  }

  /// All fields that are wrong, in a fixed order; empty when the activity as a whole is refused.
  public var fields: [Field]
  /// Why the activity as a whole is refused; `nil` when `fields` tells.
  public var refusal: String?

  public init(fields: [Field]) {
    self.fields = fields
    refusal = nil
  }

  public init(refusal: String) {
    fields = []
    self.refusal = refusal
  }
}
