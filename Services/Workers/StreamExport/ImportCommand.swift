import ServiceKit

/// `worker import stream-export`: brings in an export of the original (insight D81a).
public func importCommand() -> ServiceSpecification.Command {
  ServiceSpecification.Command(name: "import", summary: "import stream-export FILE…: bring in an export of Stream's") {
    words, _ in
    do throws(RSSFailure) {
      let options = try StreamExportOptions(words)
      if options.isHelp {
        print(StreamExportOptions.help)
        return 0
      }
      return try await ExportRun.run(options)
    } catch {
      StandardError.print("worker import: \(error)")
      return 2
    }
  }
}
