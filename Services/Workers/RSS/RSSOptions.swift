import ServiceKit

/// The words after `worker rss`, read.
struct RSSOptions: Equatable, Sendable {
  /// Print what was read; talk to nothing.
  var isParseOnly = false
  /// One line of JSON a document.
  var isJSON = false
  /// A file with more documents, one a line: path, and after a tab its `Content-Type`. `-` is standard input.
  var list: String?
  var baseAddress: String?
  var apiKey: String?
  /// A file of `NAME=value` lines with `BASE_URL`, `API_KEY` and `API_SECRET`, as `var/run/stack.env`.
  var stackFile: String?
  var group = "source"
  var followers: [String] = []
  /// Whether documents may be fetched from loopback and private networks.
  var allowsPrivateAddresses = false
  var limits = FeedDocumentLimits()
  /// Activities of a feed that are looked through for those of a document.
  var storedMax = FeedImporter.storedMax
  var isHelp = false
  var documents: [String] = []

  static let help = """
    worker rss [options] FILE-or-URL…

    Reads RSS, RDF and Atom documents and adds their entries to source:<id>, through the REST API of a running stack. A list
    of feeds (OPML) stands for all that it names.

      --base-url URL      the API's origin, e.g. http://localhost:8080 (MILLRACE_BASE_URL)
      --api-key KEY       (MILLRACE_API_KEY)
      --stack FILE        take both, and the secret, from such a file: var/run/stack.env
      --group NAME        the flat group of the feeds (default source)
      --follow FEED       let FEED (timeline:demo) follow each of them; repeatable
      --allow-private-addresses  fetch documents from loopback and private networks too
      --max-bytes N       refuse larger documents (default 5242880)
      --max-entries N     refuse documents with more entries (default 1000)
      --max-outlines N    refuse lists (OPML) with more outlines (default 1000)
      --max-stored N      activities of a feed that are looked through for what it has already (default 10000)
      --parse-only        only read the documents and print what was read
      --json              with --parse-only: one line of JSON a document
      --list FILE         further documents, one a line: a path, and after a tab its Content-Type; - is standard input

    The secret is never given on the command line: MILLRACE_API_SECRET, or --stack.
    Exit code: 0 all read, 1 at least one was not, 2 the command is wrong.
    """

  /// - Throws: `RSSFailure` that names the word that is wrong.
  init(_ words: [String]) throws(RSSFailure) {
    try APICredentials.refuseSecrets(words)
    do throws(CommandOptions.Misuse) { try read(words) } catch {
      throw RSSFailure("\(error); worker rss --help lists them all")
    }
    guard isHelp || !documents.isEmpty || list != nil else { throw RSSFailure("name at least one file or address") }
  }

  private mutating func read(_ words: [String]) throws(CommandOptions.Misuse) {
    let options = try CommandOptions(
      words,
      values: [
        "list", "base-url", "api-key", "stack", "group", "follow", "max-bytes", "max-entries", "max-stored",
        "max-outlines",
      ], flags: ["parse-only", "json", "allow-private-addresses", "help"])
    documents = options.words
    isParseOnly = options.flags.contains("parse-only")
    isJSON = options.flags.contains("json")
    allowsPrivateAddresses = options.flags.contains("allow-private-addresses")
    isHelp = options.flags.contains("help")
    list = try options.text("list")
    baseAddress = try options.text("base-url")
    apiKey = try options.text("api-key")
    stackFile = try options.text("stack")
    group = try options.text("group") ?? group
    followers = options.lists["follow"] ?? []
    guard !followers.contains("") else { throw CommandOptions.Misuse(description: "--follow needs a value") }
    limits.bytesMax = try options.integer("max-bytes", 1...(100 << 20)) ?? limits.bytesMax
    limits.itemsMax = try options.integer("max-entries", 1...100_000) ?? limits.itemsMax
    limits.outlinesMax = try options.integer("max-outlines", 1...100_000) ?? limits.outlinesMax
    storedMax = try options.integer("max-stored", 1...1_000_000) ?? storedMax
  }
}
