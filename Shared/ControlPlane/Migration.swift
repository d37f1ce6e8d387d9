/// One step of the database's shape. Once released its text never changes: its checksum is kept and compared.
public struct Migration: Sendable {
  public var version: Int
  public var name: String
  public var sql: String

  public init(version: Int, name: String, sql: String) {
    self.version = version
    self.name = name
    self.sql = sql
  }

  /// SHA-256 of the text, in hexadecimal digits.
  public var checksum: String { Hexadecimal.text(Cryptography.sha256(Array(sql.utf8))) }

  /// All of them, in the order they run.
  public static let all: [Migration] = [.first]
}
