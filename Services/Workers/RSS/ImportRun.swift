import Glibc
import HTTP
import Model

/// `worker rss` without `--parse-only`: reads each document and imports it. One that fails does not stop the rest.
struct ImportRun: Sendable {
  let group: String
  let followers: [FeedID]
  let importer: FeedImporter
  /// Fetches documents; the API has a client of its own, with other limits.
  let documents: any HTTPCalls
  var limits = FeedDocumentLimits()

  static func run(_ options: RSSOptions) async throws(RSSFailure) -> Int32 {
    let credentials = try APICredentials(
      options, variable: { getenv($0).map { String(cString: $0) } },
      readFile: { (try? FileBytes.read($0, bytesMax: 1 << 20)).map { String(decoding: $0, as: UTF8.self) } })
    guard FeedID.isName(options.group.utf8, bytesMax: FeedID.groupBytesMax) else {
      throw RSSFailure("--group \(options.group): a group's name is letters, digits, _ and -")
    }
    var followers: [FeedID] = []
    for name in options.followers {
      guard let feed = FeedID(name) else { throw RSSFailure("--follow \(name): write group:id, as timeline:demo") }
      followers.append(feed)
    }
    let run = ImportRun(
      group: options.group, followers: followers,
      importer: FeedImporter(
        api: FeedAPI(credentials: credentials, calls: HTTPClient(), now: wallClock), now: wallClock,
        storedMax: options.storedMax),
      documents: DocumentSource.client(
        allowsPrivateAddresses: options.allowsPrivateAddresses, bytesMax: options.limits.bytesMax),
      limits: options.limits)
    var isComplete = true
    for document in options.documents {
      for outcome in await run.all(document) {
        switch outcome {
        case .done(let text): print(text)
        case .failed(let name, let failure):
          isComplete = false
          StandardError.print("worker rss: \(name): \(failure)")
        }
      }
    }
    return isComplete ? 0 : 1
  }

  enum Outcome: Equatable, Sendable {
    /// What came of it, in words.
    case done(String)
    case failed(String, RSSFailure)
  }

  /// Imports one document, or each that a list of them (OPML) names.
  func all(_ name: String) async -> [Outcome] {
    do throws(RSSFailure) {
      let read = try await DocumentSource.read(name, bytesMax: limits.bytesMax, calls: documents)
      let document: FeedDocument
      do throws(FeedDocumentError) {
        document = try FeedDocument(
          reading: read.bytes, contentType: read.contentType, address: read.address, limits: limits)
      } catch .notAFeed(let root) where root.lowercased() == "opml" {
        return await each(of: read, name)
      } catch {
        throw RSSFailure("\(error)")
      }
      return [.done(try await importing(document, name))]
    } catch {
      return [.failed(name, error)]
    }
  }

  /// The feeds of a list: one that cannot be read does not stop the rest (insight E9).
  private func each(of read: DocumentSource.Read, _ name: String) async -> [Outcome] {
    let list: OPMLDocument
    do throws(FeedDocumentError) {
      list = try OPMLDocument(
        reading: read.bytes, contentType: read.contentType, address: read.address, file: name, limits: limits)
    } catch { return [.failed(name, RSSFailure("\(error)"))] }
    var outcomes = list.problems.map { Outcome.failed(name, RSSFailure($0)) }
    for feed in list.feeds {
      do throws(RSSFailure) { outcomes.append(.done(try await one(feed))) } catch {
        outcomes.append(.failed(feed, error))
      }
    }
    return outcomes
  }

  /// Imports one document and says what came of it.
  func one(_ name: String) async throws(RSSFailure) -> String {
    let read = try await DocumentSource.read(name, bytesMax: limits.bytesMax, calls: documents)
    let document: FeedDocument
    do throws(FeedDocumentError) {
      document = try FeedDocument(
        reading: read.bytes, contentType: read.contentType, address: read.address, limits: limits)
    } catch {
      throw RSSFailure("\(error)")
    }
    return try await importing(document, name)
  }

  private func importing(_ document: FeedDocument, _ name: String) async throws(RSSFailure) -> String {
    let id = SourceName.of(name)
    guard let feed = FeedID(group: group, id: id) else { throw RSSFailure("\(group):\(id) is no name of a feed") }
    let outcome = try await importer.run(document, into: feed, followers: followers)
    let title = document.header.title?.plain ?? name
    return "\(feed): \(title): \(outcome.added) new, \(outcome.changed) changed, \(outcome.unchanged) unchanged"
  }

  private static let wallClock: @Sendable () -> ActivityTime = {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    return ActivityTime(microseconds: Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1_000)
  }
}
