/// One row of an answer: columns in the order of the statement, in PostgreSQL's text form.
public struct PostgresRow: Sendable {
  private let columns: [String?]

  init(_ columns: [String?]) { self.columns = columns }

  /// The column's text, `nil` for null or a column that is not there.
  public func optionalText(_ column: Int) -> String? { columns.indices.contains(column) ? columns[column] : nil }

  public func text(_ column: Int) throws(PostgresError) -> String {
    guard let text = optionalText(column) else { throw .unexpectedAnswer("column \(column) is null") }
    return text
  }

  public func integer(_ column: Int) throws(PostgresError) -> Int64 {
    let text = try text(column)
    guard let number = Int64(text) else { throw .unexpectedAnswer("column \(column) is no integer") }
    return number
  }

  public func optionalInteger(_ column: Int) throws(PostgresError) -> Int64? {
    optionalText(column) == nil ? nil : try integer(column)
  }

  public func boolean(_ column: Int) throws(PostgresError) -> Bool {
    switch try text(column) {
    case "t": return true
    case "f": return false
    default: throw .unexpectedAnswer("column \(column) is no boolean")
    }
  }

  public func bytes(_ column: Int) throws(PostgresError) -> [UInt8] {
    let text = try text(column)
    guard text.hasPrefix("\\x"), let bytes = Hexadecimal.bytes(text.dropFirst(2)) else {
      throw .unexpectedAnswer("column \(column) is no bytea")
    }
    return bytes
  }
}
