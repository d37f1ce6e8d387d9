import EventLoop
import Telemetry

/// What a service is built from.
public struct ServiceContext: Sendable {
  public let configuration: Configuration
  public let loops: EventLoopGroup
  public let logger: Logger
  public let metrics: Metrics

  public init(configuration: Configuration, loops: EventLoopGroup, logger: Logger, metrics: Metrics) {
    self.configuration = configuration
    self.loops = loops
    self.logger = logger
    self.metrics = metrics
  }
}

/// A service that has started: it serves until it is drained.
public protocol RunningService: Sendable {
  /// Whether it can do its work now; `nil` when ready, otherwise the reason, for `/readyz`.
  func notReadyReason() async -> String?
  /// Stops taking work, finishes what it has, closes. Called once, with ten seconds to do it.
  func drain() async
}

/// What one of the seven executables is: its name, its settings, how it is built, its subcommands.
public struct ServiceSpecification: Sendable {
  public struct Command: Sendable {
    public var name: String
    public var summary: String
    /// Gets the words after the command's name and gives the exit code.
    public var run: @Sendable (_ arguments: [String], _ configuration: Configuration) async -> Int32
    public init(
      name: String, summary: String,
      run: @escaping @Sendable (_ arguments: [String], _ configuration: Configuration) async -> Int32
    ) {
      self.name = name
      self.summary = summary
      self.run = run
    }
  }

  public var name: String
  public var summary: String
  public var settings: [Setting]
  public var commands: [Command]
  public var build: @Sendable (ServiceContext) async throws -> any RunningService

  public init(
    name: String, summary: String, settings: [Setting], commands: [Command] = [],
    build: @escaping @Sendable (ServiceContext) async throws -> any RunningService
  ) {
    self.name = name
    self.summary = summary
    self.settings = settings
    self.commands = commands
    self.build = build
  }
}
