import EventLoop
import KeevoClient
import Telemetry

extension ServiceSpecification.Command {
  /// Exit code of words that a command does not take, and of a setting that is missing.
  public static let misused: Int32 = 2

  /// A command that works on the store and ends: its words are read first, then it works, on a loop of its own, with the store
  /// that the settings name.
  ///
  /// - Parameters:
  ///   - complain: says on standard error what is wrong.
  ///   - read: makes of the words what is to be done.
  ///   - work: does it and gives the exit code.
  public static func onStore<Request: Sendable>(
    name: String, of service: String, summary: String, complain: @escaping @Sendable (String) -> Void,
    read: @escaping @Sendable ([String]) throws(CommandOptions.Misuse) -> Request,
    work: @escaping @Sendable (Request, KeevoClient) async -> Int32
  ) -> ServiceSpecification.Command {
    ServiceSpecification.Command(name: name, summary: summary) { words, configuration in
      let request: Request
      do throws(CommandOptions.Misuse) { request = try read(words) } catch {
        complain("\(error)")
        return misused
      }
      let context = ServiceContext(
        configuration: configuration, loops: EventLoopGroup(count: 1, name: name),
        logger: Logger(service: service, level: .warning, format: .plain), metrics: Metrics())
      let store: KeevoClient
      do throws(MissingSetting) { store = try KeevoClient(context) } catch {
        complain("\(error)")
        return misused
      }
      let code = await work(request, store)
      await store.close()
      return code
    }
  }
}
