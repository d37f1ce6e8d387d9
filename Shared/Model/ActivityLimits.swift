/// Limits of one activity (feeds L8, L19); over them: `ActivityInputError`.
public struct ActivityLimits: Hashable, Sendable {
  /// Bytes of its JSON text as sent.
  public var jsonBytesMax: Int
  /// Characters (Unicode scalars) of `actor`, `object`, `target` and `foreign_id`.
  public var referenceCharactersMax: Int
  /// Characters of `verb`.
  public var verbCharactersMax: Int

  public init(jsonBytesMax: Int = 10 << 10, referenceCharactersMax: Int = 255, verbCharactersMax: Int = 50) {
    self.jsonBytesMax = jsonBytesMax
    self.referenceCharactersMax = referenceCharactersMax
    self.verbCharactersMax = verbCharactersMax
  }
}
