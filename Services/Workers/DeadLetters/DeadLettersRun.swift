import JSON
import Jobs
import KeevoClient

/// Carries out `worker dead-letters`.
struct DeadLettersRun: Sendable {
  /// Exit codes beside that of misuse: 0 done, 1 the store failed, 3 a named letter is not there.
  enum ExitCode {
    static let done: Int32 = 0
    static let failed: Int32 = 1
    static let missing: Int32 = 3
  }

  let letters: DeadLetters
  let options: DeadLettersOptions
  var output: @Sendable (String) -> Void = { print($0) }
  var complain: @Sendable (String) -> Void = { StandardError.print("worker dead-letters: \($0)") }

  func run() async -> Int32 {
    do {
      switch options.action {
      case .list: return try await list()
      case .show:
        return try await each { letter in
          output(DeadLetterText.json(letter, whole: true).description)
          return true
        }
      case .replay: return try await move { letter throws(StoreError) in try await letters.replay(letter) }
      case .drop: return try await move { letter throws(StoreError) in try await letters.drop(letter) }
      }
    } catch {
      complain("\(error)")
      return ExitCode.failed
    }
  }

  private func list() async throws(StoreError) -> Int32 {
    let found = try await letters.list(options.filter, limit: options.limit)
    if options.wantsJSON {
      output(
        JSONValue.object([
          .init("results", .array(found.letters.map { DeadLetterText.json($0, whole: false) })),
          .init("more", .boolean(found.isCut)), .init("unreadable", .integer(found.unreadable)),
        ]).description)
    } else {
      for letter in found.letters { output(DeadLetterText.line(letter)) }
      if found.letters.isEmpty { output("there are no dead letters\(isFiltered ? " of that kind" : "")") }
      if found.isCut { output("there are more: --limit shows up to \(DeadLetters.listMax)") }
    }
    warn(found)
    return ExitCode.done
  }

  private var isFiltered: Bool { options.filter.app != nil || options.filter.kind != nil }

  private func warn(_ found: DeadLetters.Found) {
    if found.unreadable > 0 {
      complain("\(found.unreadable) were written by a newer version of worker: use that one for them")
    }
  }

  /// The named letters, one after the other; one that is not there does not stop the rest.
  private func each(_ work: (DeadLetters.Letter) async throws -> Bool) async throws -> Int32 {
    var code = ExitCode.done
    for name in options.names {
      if let letter = try await letters.letter(name), try await work(letter) { continue }
      complain("\(name) is not among the dead letters")
      code = ExitCode.missing
    }
    return code
  }

  private func move(_ work: (DeadLetters.Letter) async throws(StoreError) -> Bool) async throws -> Int32 {
    var count = 0
    var code = ExitCode.done
    if options.isAll {
      // Round by round: one round holds no more than a list. A replayed job may come back; it is not tried twice here.
      var seen: Set<DeadLetterName> = []
      var found: DeadLetters.Found
      var isNews = false
      repeat {
        found = try await letters.list(options.filter, limit: DeadLetters.listMax)
        isNews = false
        for letter in found.letters where seen.insert(letter.name).inserted {
          isNews = true
          if try await work(letter) { count += 1 }
        }
      } while found.isCut && isNews
      warn(found)
    } else {
      code = try await each { letter in
        guard try await work(letter) else { return false }
        count += 1
        return true
      }
    }
    let done = options.action == .replay ? "replayed" : "dropped"
    output(options.wantsJSON ? JSONValue.object([.init(done, .integer(count))]).description : "\(count) \(done)")
    return code
  }
}
