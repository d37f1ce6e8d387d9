import ControlPlane
import EventLoop
import Glibc
import JSON
import ServiceKit

/// What every command shares: a connection, the migrations, output, and the exit codes of insight D91.
struct CommandRun {
  /// Exit codes: 0 done, 1 another failure, 2 the input is invalid, 3 refused, 4 conflict, 5 no connection.
  enum ExitCode {
    static let done: Int32 = 0
    static let failed: Int32 = 1
    static let invalid: Int32 = 2
    static let refused: Int32 = 3
    static let conflict: Int32 = 4
    static let connection: Int32 = 5
  }

  let configuration: Configuration
  let options: CommandOptions
  let json: Bool

  /// Parses the options and runs `work` on a thread that may block.
  static func with(
    _ arguments: [String], _ configuration: Configuration, values: Set<String>, flags: Set<String> = [],
    _ work: @escaping @Sendable (CommandRun) throws -> Int32
  ) async -> Int32 {
    do {
      let options = try CommandOptions(arguments, values: values.union(["output"]), flags: flags)
      let run = CommandRun(configuration: configuration, options: options, json: try options.wantsJSON())
      return try await BlockingPool(threadsMax: 1).run {
        do { return try work(run) } catch { return run.explain(error) }
      }
    } catch {
      complain("\(error)")
      return ExitCode.invalid
    }
  }

  /// Connects, brings the tables up to date and reads the master key.
  func openStore() throws -> ControlPlaneStore {
    guard let postgres = configuration.string("postgres") else {
      throw CommandOptions.Misuse(description: "--postgres is not set: give PostgreSQL's connection string")
    }
    guard let keyFile = configuration.string("master-key-file") else {
      throw CommandOptions.Misuse(description: "--master-key-file is not set: name the file of the master key")
    }
    let connection = try PostgresConnection.connect(postgres, application: "millrace dashboard-api")
    _ = try Migrator().run(connection)
    return try ControlPlaneStore(connection: connection, masterKeyFile: keyFile)
  }

  /// Who the audit log says it was.
  var actor: AuditDraft.Actor {
    let bytes = FileBytes.read(path: "/proc/sys/kernel/hostname", bytesMax: 256) ?? Array("?".utf8)
    let host = String(decoding: bytes.prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self)
    return AuditDraft.Actor(
      kind: .cli, name: "\(getenv("USER").map { String(cString: $0) } ?? "uid \(getuid())")@\(host)")
  }

  // MARK: Output

  func answer(_ value: @autoclosure () -> JSONValue, _ text: @autoclosure () -> String) {
    print(json ? value().description : text())
  }

  static func complain(_ text: String) { writeError("dashboard-api: \(text)\n") }

  /// Says what went wrong, and gives the exit code.
  func explain(_ error: any Error) -> Int32 {
    let (code, kind): (Int32, String) =
      switch error {
      case is CommandOptions.Misuse: (ExitCode.invalid, "usage")
      case let error as ControlPlaneError: Self.classify(error)
      case let error as Migrator.Failure:
        if case .postgres(let reason) = error {
          Self.classify(.postgres(reason))
        } else {
          (ExitCode.refused, "refused")
        }
      case let error as PostgresError: Self.classify(.postgres(error))
      default: (ExitCode.failed, "failed")
      }
    if json { print(JSONValue.object([.init("error", .string(kind)), .init("message", .string("\(error)"))])) }
    Self.complain("\(error)")
    return code
  }

  private static func classify(_ error: ControlPlaneError) -> (Int32, String) {
    switch error {
    case .postgres(let reason):
      reason.isServerRefusal ? (ExitCode.failed, "failed") : (ExitCode.connection, "connection")
    case .masterKey: (ExitCode.failed, "failed")
    case .notFound, .refused: (ExitCode.refused, "refused")
    case .conflict: (ExitCode.conflict, "conflict")
    }
  }

  // MARK: Waiting

  /// Waits until every live service serves from `revision` or a newer one.
  func waitForServices(_ revision: Int64, _ store: ControlPlaneStore, seconds: Int = 30) throws {
    let rounds = seconds * 20
    var behind: [String] = []
    for _ in 0..<rounds {
      behind = try store.servicesBehind(revision)
      if behind.isEmpty { return }
      usleep(50_000)
    }
    throw ControlPlaneError.conflict(
      "revision \(revision) is stored, but after \(seconds) s these services have not taken it up: "
        + behind.joined(separator: ", "))
  }
}

func writeError(_ text: String) {
  var bytes = Array(text.utf8)[...]
  while !bytes.isEmpty {
    let count = bytes.withUnsafeBytes { write(STDERR_FILENO, $0.baseAddress, $0.count) }
    if count > 0 { bytes = bytes.dropFirst(count) } else if errno != EINTR { return }
  }
}
