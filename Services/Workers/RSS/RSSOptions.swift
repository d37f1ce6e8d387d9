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
    var rest = words[...]
    while let word = rest.popFirst() {
      guard word.hasPrefix("--"), word != "--" else {
        if word != "--" { documents.append(word) }
        continue
      }
      let parts = word.split(separator: "=", maxSplits: 1)
      let name = String(parts[0])
      let attached = parts.count == 2 ? String(parts[1]) : word.hasSuffix("=") ? "" : nil
      switch name {
      case "--parse-only": isParseOnly = true
      case "--json": isJSON = true
      case "--allow-private-addresses": allowsPrivateAddresses = true
      case "--help": isHelp = true
      case "--list", "--base-url", "--api-key", "--stack", "--group", "--follow", "--max-bytes", "--max-entries",
        "--max-stored", "--max-outlines":
        guard let value = attached ?? rest.popFirst(), !value.isEmpty else { throw RSSFailure("\(name) needs a value") }
        try set(name, value)
      case "--api-secret", "--secret":
        throw RSSFailure(
          "the secret is never given on the command line, where others can read it: set MILLRACE_API_SECRET")
      default: throw RSSFailure("there is no option \(name); worker rss --help lists them")
      }
    }
    guard isHelp || !documents.isEmpty || list != nil else { throw RSSFailure("name at least one file or address") }
  }

  private mutating func set(_ name: String, _ value: String) throws(RSSFailure) {
    switch name {
    case "--list": list = value
    case "--base-url": baseAddress = value
    case "--api-key": apiKey = value
    case "--stack": stackFile = value
    case "--group": group = value
    case "--max-bytes": limits.bytesMax = try Self.number(name, value, 1...(100 << 20))
    case "--max-entries": limits.itemsMax = try Self.number(name, value, 1...100_000)
    case "--max-outlines": limits.outlinesMax = try Self.number(name, value, 1...100_000)
    case "--max-stored": storedMax = try Self.number(name, value, 1...1_000_000)
    default: followers.append(value)
    }
  }

  private static func number(_ name: String, _ value: String, _ range: ClosedRange<Int>) throws(RSSFailure) -> Int {
    guard let number = Int(value), range.contains(number) else {
      throw RSSFailure("\(name) \(value): write a whole number from \(range.lowerBound) to \(range.upperBound)")
    }
    return number
  }
}
