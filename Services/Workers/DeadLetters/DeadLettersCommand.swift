import EventLoop
import HTTP
import Jobs
import KeevoClient
import ServiceKit
import Telemetry

/// `worker dead-letters`: jobs that failed too often, to be looked at, tried again or thrown away (realtime R130).
func deadLettersCommand() -> ServiceSpecification.Command {
  ServiceSpecification.Command(
    name: "dead-letters",
    summary: "list|show|replay|drop [NAME…|--all] [--app ID] [--kind KIND] [--limit N] [--output json]: jobs put aside"
  ) { words, configuration in
    let options: DeadLettersOptions
    do throws(DeadLettersOptions.Misuse) { options = try DeadLettersOptions(words) } catch {
      StandardError.print("worker dead-letters: \(error)")
      return DeadLettersRun.ExitCode.misused
    }
    let context = ServiceContext(
      configuration: configuration, loops: EventLoopGroup(count: 1, name: "dead-letters"),
      logger: Logger(service: "worker", level: .warning, format: .plain), metrics: Metrics())
    let store: KeevoClient
    do throws(MissingSetting) { store = try KeevoClient(context) } catch {
      StandardError.print("worker dead-letters: \(error)")
      return DeadLettersRun.ExitCode.misused
    }
    let code = await DeadLettersRun(letters: DeadLetters(store), options: options).run()
    await store.close()
    return code
  }
}
