import JSON

/// `worker rss --parse-only`: prints what was read of documents on this machine.
enum ParseOnly {
  struct Entry: Equatable {
    var path: String
    var contentType: String?

    /// A line of a list: the path, and after a tab the content type.
    init(line: String) {
      let parts = line.split(separator: "\t", maxSplits: 1)
      path = parts.first.map(String.init) ?? ""
      contentType = parts.count == 2 ? String(parts[1]) : nil
    }
  }

  static func run(_ options: RSSOptions) throws(RSSFailure) -> Int32 {
    var entries = options.documents.map { Entry(line: $0) }
    if let list = options.list {
      // 64 MiB: far past any list of paths.
      let lines =
        list == "-"
        ? FileBytes.standardInputLines()
        : String(decoding: try FileBytes.read(list, bytesMax: 64 << 20), as: UTF8.self).split(separator: "\n").map(
          String.init)
      entries += lines.filter { !$0.isEmpty }.map { Entry(line: $0) }
    }
    var isComplete = true
    for entry in entries {
      let start = ContinuousClock.now
      let outcome = read(entry, options.limits)
      let microseconds = (ContinuousClock.now - start) / .microseconds(1)
      if case .failure = outcome { isComplete = false }
      print(options.isJSON ? json(entry, outcome, microseconds) : text(entry, outcome))
    }
    return isComplete ? 0 : 1
  }

  private static func read(_ entry: Entry, _ limits: FeedDocumentLimits) -> Result<FeedDocument, RSSFailure> {
    do throws(RSSFailure) {
      let bytes = try FileBytes.read(entry.path, bytesMax: limits.bytesMax)
      do throws(FeedDocumentError) {
        return .success(try FeedDocument(reading: bytes, contentType: entry.contentType, limits: limits))
      } catch {
        return .failure(RSSFailure("\(error)"))
      }
    } catch {
      return .failure(error)
    }
  }

  private static func json(_ entry: Entry, _ outcome: Result<FeedDocument, RSSFailure>, _ microseconds: Double)
    -> String
  {
    var members: [JSONValue.Member] = [
      .init("file", .string(entry.path)), .init("microseconds", .integer(Int(microseconds))),
    ]
    switch outcome {
    case .success(let document): members.append(.init("document", document.json))
    case .failure(let failure): members.append(.init("error", .string(failure.description)))
    }
    return JSONValue.object(members).description
  }

  private static func text(_ entry: Entry, _ outcome: Result<FeedDocument, RSSFailure>) -> String {
    switch outcome {
    case .failure(let failure): return "\(entry.path): \(failure)"
    case .success(let document):
      var lines = ["\(entry.path): \(document.format.rawValue), \(document.header.title?.plain ?? "without a title")"]
      for item in document.items {
        lines.append(
          "  \(item.published?.text ?? item.updated?.text ?? "undated")  \(item.title?.plain ?? item.link ?? "")")
      }
      return lines.joined(separator: "\n")
    }
  }
}
