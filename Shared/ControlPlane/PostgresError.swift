/// What can go wrong between us and PostgreSQL. Its text is fit for a log: it holds no parameter and no password.
public enum PostgresError: Error, Hashable, Sendable, CustomStringConvertible {
  /// No connection could be made.
  case connectionFailed(String)
  /// The connection ended in the middle; whether the statement took effect is not known.
  case connectionLost(String)
  /// The server did not answer in time; the connection has been closed.
  case timedOut(doing: String, milliseconds: Int)
  /// The server refused the statement. `state` is its SQLSTATE.
  case server(state: String, message: String)
  /// The answer has not the columns or types expected.
  case unexpectedAnswer(String)

  /// Whether the server said no, so that the connection itself is still good.
  public var isServerRefusal: Bool {
    if case .server = self { return true }
    return false
  }

  /// SQLSTATE `undefined_table` or `invalid_schema_name`: the migrations have not run yet.
  public var meansNotMigrated: Bool {
    if case .server(let state, _) = self { return state == "42P01" || state == "3F000" }
    return false
  }

  /// SQLSTATE `unique_violation`.
  public var isDuplicate: Bool {
    if case .server(let state, _) = self { return state == "23505" }
    return false
  }

  public var description: String {
    switch self {
    case .connectionFailed(let reason): "PostgreSQL cannot be reached: \(reason)"
    case .connectionLost(let reason): "the connection to PostgreSQL was lost: \(reason)"
    case .timedOut(let doing, let milliseconds): "PostgreSQL did not answer within \(milliseconds) ms (\(doing))"
    case .server(let state, let message): "PostgreSQL refused: \(message) (SQLSTATE \(state))"
    case .unexpectedAnswer(let what): "PostgreSQL's answer is not what was expected: \(what)"
    }
  }
}
