import EventLoop
import Glibc
import HTTP
import Model
import Telemetry

/// `worker import stream-export`: checks the files, then sends them line by line, and notes how far it has come.
struct ExportRun: Sendable {
  let files: [String]
  let stateFile: String
  let contents: ExportContents
  let sender: ExportSender
  let lineBytesMax: Int
  /// Monotonic nanoseconds.
  let now: @Sendable () -> UInt64
  /// Where progress is shown, and whether that is a terminal.
  let progress: (show: @Sendable (String) -> Void, isTerminal: Bool)
  let complain: @Sendable (String) -> Void

  /// The state is written this often, and when the import ends.
  static let stateIntervalNanoseconds: UInt64 = 500_000_000

  static func run(_ options: StreamExportOptions) async throws(RSSFailure) -> Int32 {
    let contents = try ExportContents(
      files: options.files, lineBytesMax: options.lineBytesMax, activityIDsMax: options.activityIDsMax)
    guard contents.problemCount == 0 else {
      for problem in contents.problems { StandardError.print(problem) }
      throw RSSFailure("\(contents.problemCount) things are wrong, nothing was sent")
    }
    if options.isCheckOnly {
      print("\(contents.description): nothing is wrong")
      return 0
    }
    let flags = options.flags
    let credentials = try APICredentials(
      APICredentials.Flags(
        baseAddress: flags.baseAddress, apiKey: flags.apiKey, stackFile: flags.stackFile, app: flags.app),
      variable: { getenv($0).map { String(cString: $0) } },
      readFile: { (try? FileBytes.read($0, bytesMax: 1 << 20)).map { String(decoding: $0, as: UTF8.self) } })
    let api = FeedAPI(
      credentials: credentials, calls: HTTPClient(),
      now: { ActivityTime(microseconds: wallClockMicroseconds()) })
    let run = ExportRun(
      files: options.files, stateFile: options.stateFile ?? options.files[0] + ".import-state", contents: contents,
      sender: ExportSender(
        api: api, ids: contents.ids, sleep: { try? await Task.sleep(nanoseconds: $0) }),
      lineBytesMax: options.lineBytesMax, now: { monotonicNanoseconds() },
      progress: ({ StandardError.write($0) }, isatty(STDERR_FILENO) == 1), complain: { StandardError.print($0) })
    return try await run.send(resuming: options.resumes)
  }

  /// Sends what is still to be sent. 0: all is there; 1: something was refused; 3: stopped half way.
  func send(resuming: Bool) async throws(RSSFailure) -> Int32 {
    var state = try beginning(resuming)
    var bar = ProgressBar(
      total: contents.total, before: state.done, isTerminal: progress.isTerminal, now: now())
    var savedAt = now()
    while state.file < files.count {
      let file = files[state.file]
      let reader = try LineReader(file, lineBytesMax: lineBytesMax)
      while let line = try reader.next() {
        if reader.number <= state.lines { continue }
        let items: [ExportItem]
        do { items = try ExportLine.items(line) } catch {
          throw RSSFailure("\(file):\(reader.number) has changed since it was checked")
        }
        do {
          for (index, reason) in try await sender.send(items) {
            state.refused += 1
            complain("\(file):\(reader.number): data[\(index)]: \(reason)")
          }
        } catch {
          try state.write(stateFile)
          complain("stopped at \(file):\(reader.number): \(error)")
          complain("\(state.done) of \(contents.total) done; go on with --resume")
          return 3
        }
        state.lines = reader.number
        state.done += items.count
        if now() >= savedAt + Self.stateIntervalNanoseconds {
          try state.write(stateFile)
          savedAt = now()
        }
        if let text = bar.show(state.done, now: now()) { progress.show(text) }
      }
      state.file += 1
      state.lines = 0
    }
    ExportState.remove(stateFile)
    print("\(contents.description): \(contents.total - state.refused) imported, \(state.refused) refused")
    return state.refused == 0 ? 0 : 1
  }

  /// Where to begin: at the start, or where an earlier run of the same files stopped.
  private func beginning(_ resuming: Bool) throws(RSSFailure) -> ExportState {
    var sizes: [ExportState.File] = []
    for path in files { sizes.append(ExportState.File(path: path, bytes: try LineReader.size(of: path))) }
    guard let state = try ExportState.read(stateFile) else {
      if resuming { throw RSSFailure("there is nothing to resume: \(stateFile) does not exist") }
      return ExportState(files: sizes)
    }
    guard resuming else {
      throw RSSFailure(
        "an import stopped at \(state.done) of \(contents.total): go on with --resume, or remove \(stateFile) to begin anew"
      )
    }
    guard state.files == sizes else {
      throw RSSFailure("\(stateFile) belongs to other files, or they have changed: remove it to begin anew")
    }
    return state
  }
}
