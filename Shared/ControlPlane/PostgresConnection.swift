import CPostgreSQL
import EventLoop
import Glibc

/// One connection to PostgreSQL through libpq: the module's only file that touches it.
///
/// Every call blocks its thread, for at most the milliseconds it is given: it belongs on a `BlockingPool` or a thread of
/// its own, never on an event loop, and to one thread at a time. Statements and parameters travel apart. After a time-out
/// or a loss the connection is closed and every further call throws.
public final class PostgresConnection {
  /// How long statements may take when the caller names no other time.
  public static let statementMillisecondsDefault = 5_000

  private var connection: OpaquePointer?

  private init(_ connection: OpaquePointer) { self.connection = connection }

  deinit { close() }

  // MARK: Connecting

  /// Connects to what `info` (a libpq connection string or URI) names and sets the session up for our tables.
  public static func connect(
    _ info: String, application: String = "millrace", timeoutMilliseconds: Int = 3_000
  ) throws(PostgresError) -> PostgresConnection {
    let deadline = Deadline(milliseconds: timeoutMilliseconds)
    // `dbname` holding a whole connection string is expanded by libpq (`expand_dbname` 1).
    let started = withCStrings(["dbname", "fallback_application_name"]) { names in
      withCStrings([info, application]) { values in PQconnectStartParams(names, values, 1) }
    }
    guard let raw = started else { throw .connectionFailed("libpq is out of memory") }
    let opened = PostgresConnection(raw)
    PQsetNoticeProcessor(raw, { _, _ in }, nil)
    guard PQstatus(raw) != CONNECTION_BAD else { throw .connectionFailed(message(raw)) }
    var state = PGRES_POLLING_WRITING
    while true {
      switch state {
      case PGRES_POLLING_OK:
        try opened.prepareSession()
        return opened
      case PGRES_POLLING_FAILED:
        throw .connectionFailed(message(raw))
      case PGRES_POLLING_READING:
        _ = wait(PQsocket(raw), Int16(POLLIN), deadline)
      default:
        _ = wait(PQsocket(raw), Int16(POLLOUT), deadline)
      }
      if deadline.isOver { throw .timedOut(doing: "connecting", milliseconds: timeoutMilliseconds) }
      state = PQconnectPoll(raw)
    }
  }

  private func prepareSession() throws(PostgresError) {
    try query(
      """
      SELECT set_config('search_path', 'millrace', false), set_config('client_min_messages', 'warning', false),
             set_config('statement_timeout', '60s', false),
             set_config('idle_in_transaction_session_timeout', '60s', false), set_config('timezone', 'UTC', false)
      """)
  }

  /// Closes at once; further calls throw.
  public func close() {
    if let connection { PQfinish(connection) }
    connection = nil
  }

  public var isOpen: Bool { connection != nil }

  // MARK: Statements

  /// Runs one statement and gives all its rows.
  @discardableResult
  public func query(
    _ sql: String, _ parameters: [PostgresValue] = [],
    timeoutMilliseconds: Int = PostgresConnection.statementMillisecondsDefault
  ) throws(PostgresError) -> [PostgresRow] {
    let raw = try live()
    let texts = parameters.map(\.wireText)
    guard !texts.contains(where: { $0?.utf8.contains(0) ?? false }) else {
      throw .server(state: "22021", message: "a text with a NUL byte cannot be stored")
    }
    let sent = withCStrings(texts) { values in
      PQsendQueryParams(raw, sql, Int32(parameters.count), nil, values, nil, nil, 0)
    }
    return try finish(sent, raw, timeoutMilliseconds)
  }

  /// Runs several statements without parameters: migrations only.
  func script(_ sql: String, timeoutMilliseconds: Int) throws(PostgresError) {
    let raw = try live()
    _ = try finish(PQsendQuery(raw, sql), raw, timeoutMilliseconds)
  }

  /// Waits until a notification has come (they are all taken, `true`), `wake` has bytes, or the time is over.
  func waitForNotification(wake: Int32, timeoutMilliseconds: Int) throws(PostgresError) -> Bool {
    let raw = try live()
    if takeNotifications(raw) { return true }
    var sets = [
      pollfd(fd: PQsocket(raw), events: Int16(POLLIN), revents: 0), pollfd(fd: wake, events: Int16(POLLIN), revents: 0),
    ]
    _ = poll(&sets, 2, Int32(clamping: timeoutMilliseconds))
    guard sets[0].revents != 0 else { return false }
    guard PQconsumeInput(raw) == 1 else { throw lost(raw) }
    return takeNotifications(raw)
  }

  private func takeNotifications(_ raw: OpaquePointer) -> Bool {
    var any = false
    while let notification = PQnotifies(raw) {
      PQfreemem(notification)
      any = true
    }
    return any
  }

  private func finish(
    _ sent: Int32, _ raw: OpaquePointer, _ timeoutMilliseconds: Int
  ) throws(PostgresError) -> [PostgresRow] {
    guard sent == 1 else { throw lost(raw) }
    let deadline = Deadline(milliseconds: timeoutMilliseconds)
    var rows: [PostgresRow] = []
    var refusal: PostgresError?
    while true {
      while PQisBusy(raw) == 1 {
        let flushing = PQflush(raw)
        guard flushing >= 0 else { throw lost(raw) }
        _ = Self.wait(PQsocket(raw), Int16(flushing == 1 ? POLLIN | POLLOUT : POLLIN), deadline)
        if deadline.isOver {
          close()
          throw .timedOut(doing: "statement", milliseconds: timeoutMilliseconds)
        }
        guard PQconsumeInput(raw) == 1 else { throw lost(raw) }
      }
      guard let result = PQgetResult(raw) else { break }
      defer { PQclear(result) }
      switch PQresultStatus(result) {
      case PGRES_TUPLES_OK: rows += Self.rows(of: result)
      case PGRES_COMMAND_OK, PGRES_EMPTY_QUERY: break
      default:
        if PQstatus(raw) == CONNECTION_BAD { throw lost(raw) }
        let state = PQresultErrorField(result, Int32(UInt8(ascii: "C"))).map { String(cString: $0) } ?? "?????"
        let message = PQresultErrorField(result, Int32(UInt8(ascii: "M"))).map { String(cString: $0) } ?? "no message"
        refusal = refusal ?? .server(state: state, message: message)
      }
    }
    if let refusal { throw refusal }
    return rows
  }

  private static func rows(of result: OpaquePointer) -> [PostgresRow] {
    let width = PQnfields(result)
    return (0..<PQntuples(result)).map { row in
      PostgresRow(
        (0..<width).map { column in
          guard PQgetisnull(result, row, column) == 0, let text = PQgetvalue(result, row, column) else { return nil }
          return String(cString: text)
        })
    }
  }

  // MARK: Small things

  private func live() throws(PostgresError) -> OpaquePointer {
    guard let connection else { throw .connectionLost("it was closed before") }
    return connection
  }

  private func lost(_ raw: OpaquePointer) -> PostgresError {
    let reason = Self.message(raw)
    close()
    return .connectionLost(reason)
  }

  private static func message(_ raw: OpaquePointer) -> String {
    guard let text = PQerrorMessage(raw) else { return "no reason given" }
    let words = String(cString: text).split(whereSeparator: \.isWhitespace).joined(separator: " ")
    return words.isEmpty ? "no reason given" : words
  }

  private static func wait(_ descriptor: Int32, _ events: Int16, _ deadline: Deadline) -> Bool {
    var set = pollfd(fd: descriptor, events: events, revents: 0)
    return poll(&set, 1, Int32(clamping: deadline.millisecondsLeft)) > 0
  }
}

/// Calls `body` with a null-terminated array of C strings that lives as long as the call; libpq copies what it keeps.
private func withCStrings<Result>(
  _ texts: [String?], _ body: (UnsafePointer<UnsafePointer<CChar>?>) -> Result
) -> Result {
  let copies = texts.map { $0.flatMap { strdup($0) } }
  defer { for copy in copies { free(copy) } }
  let table: [UnsafePointer<CChar>?] = copies.map { $0.map { UnsafePointer($0) } } + [nil]
  return table.withUnsafeBufferPointer { body($0.baseAddress!) }
}
