/// A key or secret just made: the only moment its secret is shown (insight D24–D26).
public struct NewKey: Hashable, Sendable {
  public var key: String
  public var secret: String

  static let keyCharacters = 12
  static let secretCharacters = 64
  static let alphabet = "0123456789abcdefghijklmnopqrstuvwxyz"

  static func make() throws(Cryptography.Failure) -> NewKey {
    NewKey(
      key: try Cryptography.randomText(length: keyCharacters, alphabet: alphabet),
      secret: try Cryptography.randomText(length: secretCharacters, alphabet: alphabet))
  }
}
