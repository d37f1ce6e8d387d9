import ServiceKit

/// `worker rss`: reads feed documents into `source:<id>` (insight E21, E21a).
public func rssCommand() -> ServiceSpecification.Command {
  ServiceSpecification.Command(name: "rss", summary: "read RSS, RDF and Atom documents into feeds") { words, _ in
    do throws(RSSFailure) {
      let options = try RSSOptions(words)
      if options.isHelp {
        print(RSSOptions.help)
        return 0
      }
      if options.isParseOnly { return try ParseOnly.run(options) }
      return try await ImportRun.run(options)
    } catch {
      StandardError.print("worker rss: \(error)")
      return 2
    }
  }
}
