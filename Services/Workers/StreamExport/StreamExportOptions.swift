import ServiceKit

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
    try APICredentials.refuseSecrets(words)
    var subject: String?
    do throws(CommandOptions.Misuse) { subject = try read(words) } catch {
      throw RSSFailure("\(error); worker import --help lists them all")
    }
    if isHelp { return }
    guard subject == "stream-export" else {
      throw RSSFailure("what is to be imported? write worker import stream-export FILE…")
    }
    guard !files.isEmpty else { throw RSSFailure("name at least one file") }
  }

  /// Gives the word that says what is to be imported.
  private mutating func read(_ words: [String]) throws(CommandOptions.Misuse) -> String? {
    let options = try CommandOptions(
      words, values: ["base-url", "api-key", "stack", "app", "state", "max-line-bytes", "max-activity-ids"],
      flags: ["resume", "check", "help"])
    files = Array(options.words.dropFirst())
    resumes = options.flags.contains("resume")
    isCheckOnly = options.flags.contains("check")
    isHelp = options.flags.contains("help")
    flags = Flags(
      baseAddress: try options.text("base-url"), apiKey: try options.text("api-key"),
      stackFile: try options.text("stack"), app: try options.text("app"))
    stateFile = try options.text("state")
    lineBytesMax = try options.integer("max-line-bytes", 256...(100 << 20)) ?? lineBytesMax
    activityIDsMax = try options.integer("max-activity-ids", 0...100_000_000) ?? activityIDsMax
    return options.words.first
  }
}
