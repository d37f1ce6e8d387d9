import EventLoop
import Feeds
import JSON
import KeevoClient
import Model
import ServiceKit
import Telemetry

extension ServiceSpecification.Command {
  static let usage = ServiceSpecification.Command(
    name: "usage",
    summary:
      "--app ID [--from 2026-11-01] [--to 2026-11-30] [--interval day|month] [--output json]: what an app has used"
  ) { arguments, configuration in
    let request: UsageRequest
    do throws(CommandOptions.Misuse) {
      request = try UsageRequest(
        arguments, today: UsageDay(ActivityTime(microseconds: wallClockMicroseconds())))
    } catch {
      CommandRun.complain("\(error)")
      return CommandRun.ExitCode.invalid
    }
    let context = ServiceContext(
      configuration: configuration, loops: EventLoopGroup(count: 1, name: "usage"),
      logger: Logger(service: "dashboard-api", level: .warning, format: .plain), metrics: Metrics())
    let store: KeevoClient
    do throws(MissingSetting) { store = try KeevoClient(context) } catch {
      CommandRun.complain("\(error)")
      return CommandRun.ExitCode.invalid
    }
    var code = CommandRun.ExitCode.done
    do throws(StoreError) {
      let rows = try await request.rows(store)
      print(request.json ? request.document(rows).description : request.text(rows))
    } catch {
      CommandRun.complain("the store does not answer: \(error)")
      code = CommandRun.ExitCode.connection
    }
    await store.close()
    return code
  }
}
