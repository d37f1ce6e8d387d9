/// Limits of one activity (feeds L8, L19); over them: `ActivityInputError`.
public struct ActivityLimits: Hashable, Sendable {
  /// Bytes of its JSON text as sent.
  public var jsonBytesMax: Int
  /// Characters (Unicode scalars) of `actor`, `object`, `target` and `foreign_id`.
  public var referenceCharactersMax: Int
  /// Characters of `verb`.
  public var verbCharactersMax: Int
  /// Members that `set` or `unset` of a partial update may name (feeds L22).
  public var changedMembersMax: Int

  public init(
    jsonBytesMax: Int = 10 << 10, referenceCharactersMax: Int = 255, verbCharactersMax: Int = 50,
    changedMembersMax: Int = 25
  ) {
    self.changedMembersMax = changedMembersMax
    self.jsonBytesMax = jsonBytesMax
    self.referenceCharactersMax = referenceCharactersMax
    self.verbCharactersMax = verbCharactersMax
  }
}
