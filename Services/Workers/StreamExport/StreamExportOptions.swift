/// The words after `worker import`, read.
struct StreamExportOptions: Equatable, Sendable {
  var files: [String] = []
  var flags = Flags()
  /// Go on where an import that was interrupted stopped.
  var resumes = false
  /// Only read the files and say what is in them.
  var isCheckOnly = false
  var stateFile: String?
  var lineBytesMax = 16 << 20
  var activityIDsMax = 10_000_000
  var isHelp = false

  struct Flags: Equatable, Sendable {
    var baseAddress: String?
    var apiKey: String?
    var stackFile: String?
    var app: String?
  }

  static let help = """
    worker import stream-export [options] FILE…

    Brings an export of Stream's feeds into a running stack, through its REST API. A file holds one instruction a line
    (JSON Lines): add_activities, follow, users, collections, reactions. Times, foreign ids and the ids of reactions, users and
    objects are kept; what names an activity by its former id is changed to the id it has here. All files are checked
    first: nothing is sent while a line is wrong. To import the same file again changes nothing.

      --resume            go on where an import of these files stopped
      --check             only check the files and count what is in them
      --app ID            the app, by the numbers in the stack's file
      --base-url URL      the API's origin, e.g. http://localhost:8080 (MILLRACE_BASE_URL)
      --api-key KEY       (MILLRACE_API_KEY)
      --stack FILE        take both, and the secret, from such a file (default var/run/stack.env)
      --state FILE        where progress is kept (default: beside the first file, .import-state)
      --max-line-bytes N  refuse longer lines (default 16777216)
      --max-activity-ids N  activities whose id changes (default 10000000)

    The secret is never given on the command line: MILLRACE_API_SECRET, or the stack's file.
    Exit code: 0 all is there, 1 something was refused, 2 the command or a file is wrong, 3 stopped half way: use --resume.
    """

  /// - Throws: `RSSFailure` that names the word that is wrong.
  init(_ words: [String]) throws(RSSFailure) {
    var rest = words[...]
    if rest.first == "--help" {
      isHelp = true
      return
    }
    guard rest.popFirst() == "stream-export" else {
      throw RSSFailure("what is to be imported? write worker import stream-export FILE…")
    }
    while let word = rest.popFirst() {
      guard word.hasPrefix("--") else {
        files.append(word)
        continue
      }
      let parts = word.split(separator: "=", maxSplits: 1)
      let name = String(parts[0])
      switch name {
      case "--resume": resumes = true
      case "--check": isCheckOnly = true
      case "--help": isHelp = true
      case "--base-url", "--api-key", "--stack", "--app", "--state", "--max-line-bytes", "--max-activity-ids":
        guard let value = parts.count == 2 ? String(parts[1]) : rest.popFirst(), !value.isEmpty else {
          throw RSSFailure("\(name) needs a value")
        }
        try set(name, value)
      case "--api-secret", "--secret":
        throw RSSFailure(
          "the secret is never given on the command line, where others can read it: set MILLRACE_API_SECRET")
      default: throw RSSFailure("there is no option \(name); worker import --help lists them")
      }
    }
    guard isHelp || !files.isEmpty else { throw RSSFailure("name at least one file") }
  }

  private mutating func set(_ name: String, _ value: String) throws(RSSFailure) {
    switch name {
    case "--base-url": flags.baseAddress = value
    case "--api-key": flags.apiKey = value
    case "--stack": flags.stackFile = value
    case "--app": flags.app = value
    case "--state": stateFile = value
    case "--max-line-bytes": lineBytesMax = try Self.number(name, value, 256...(100 << 20))
    default: activityIDsMax = try Self.number(name, value, 0...100_000_000)
    }
  }

  private static func number(_ name: String, _ value: String, _ range: ClosedRange<Int>) throws(RSSFailure) -> Int {
    guard let number = Int(value), range.contains(number) else {
      throw RSSFailure("\(name) \(value): write a whole number from \(range.lowerBound) to \(range.upperBound)")
    }
    return number
  }
}
