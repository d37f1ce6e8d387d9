import Feeds
import KeevoClient
import Model
import ServiceKit
import Telemetry

extension ServiceSpecification.Command {
  static let usage = ServiceSpecification.Command.onStore(
    name: "usage", of: "dashboard-api",
    summary:
      "--app ID [--from 2026-11-01] [--to 2026-11-30] [--interval day|month] [--output json]: what an app has used",
    complain: { CommandRun.complain($0) },
    read: { words throws(CommandOptions.Misuse) in
      try UsageRequest(words, today: UsageDay(ActivityTime(microseconds: wallClockMicroseconds())))
    },
    work: { request, store in
      do throws(FeedError) {
        let report = try await UsageReport(request, store)
        print(request.json ? report.document.description : report.text)
        return CommandRun.ExitCode.done
      } catch {
        CommandRun.complain("the store does not answer: \(error)")
        return CommandRun.ExitCode.connection
      }
    })
}
