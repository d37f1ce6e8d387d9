import EventLoop
import Glibc
import Telemetry

/// What the seven executables share: command line, life, signals.
///
/// ```swift
/// ServiceMain.run(feedAPISpecification())
/// ```
///
/// Exit codes: 0 done or drained, 1 could not start or not drained in time, 2 wrong settings, 130 or 143 ended at once by a
/// second signal.
public enum ServiceMain {
  /// Runs the process of `specification` with this process' arguments and environment, until a signal ends it.
  public static func run(_ specification: ServiceSpecification) -> Never {
    var environment: [String: String] = [:]
    var entry = environ
    while let text = entry.pointee {
      let pair = String(cString: text)
      if pair.hasPrefix("MILLRACE_"), let equals = pair.firstIndex(of: "=") {
        environment[String(pair[..<equals])] = String(pair[pair.index(after: equals)...])
      }
      entry += 1
    }
    let invocation: Invocation
    do throws(ConfigurationError) {
      invocation = try Invocation.read(
        specification, arguments: Array(CommandLine.arguments.dropFirst()), environment: environment)
    } catch {
      leave(2, "\(specification.name): \(error)\n", to: STDERR_FILENO)
    }
    switch invocation.action {
    case .help: leave(0, specification.helpText)
    case .version: leave(0, "\(specification.name) \(Version.current)\n")
    case .check: leave(0, specification.checkText(invocation))
    case .command(let name, let arguments):
      guard let command = specification.commands.first(where: { $0.name == name }) else {
        leave(2, "\(specification.name): there is no command \(name)\n", to: STDERR_FILENO)
      }
      signal(SIGPIPE, SIG_IGN)
      raiseDescriptorLimit()
      let configuration = invocation.configuration
      Task { leave(await command.run(arguments, configuration), "") }
      while true { pause() }
    case .serve:
      ServiceProcess.serve(specification, invocation.configuration)
    }
  }

  /// Writes `text` and ends the process. Without `exit`: it would run C++ destructors under threads that still work.
  static func leave(_ code: Int32, _ text: String, to descriptor: Int32 = STDOUT_FILENO) -> Never {
    var bytes = Array(text.utf8)[...]
    while !bytes.isEmpty {
      let count = bytes.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
      if count > 0 {
        bytes = bytes.dropFirst(count)
      } else if errno != EINTR {
        break
      }
    }
    fflush(nil)
    _exit(code)
  }
}
