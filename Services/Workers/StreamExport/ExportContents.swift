import Model

/// What the files of an export hold, found in a first pass over them.
struct ExportContents: Sendable {
  var counts: [ExportItem.Kind: Int] = [:]
  /// The ids that activities have here, by those they had; only where they differ.
  var ids: [ActivityID: ActivityID] = [:]
  /// What is wrong, with file and line; the first `problemsMax` of them.
  var problems: [String] = []
  var problemCount = 0

  static let problemsMax = 100

  var total: Int { counts.values.reduce(0, +) }

  /// - Throws: `RSSFailure` when a file cannot be read, or more ids change than allowed.
  init(files: [String], lineBytesMax: Int, activityIDsMax: Int) throws(RSSFailure) {
    for file in files {
      let reader = try LineReader(file, lineBytesMax: lineBytesMax)
      while let line = try reader.next() {
        do throws(ExportLine.Problems) {
          try take(try ExportLine.items(line))
        } catch {
          problemCount += error.reasons.count
          problems += error.reasons.prefix(max(0, Self.problemsMax - problems.count)).map {
            "\(file):\(reader.number): \($0)"
          }
        }
        guard ids.count <= activityIDsMax else {
          throw RSSFailure("more than \(activityIDsMax) activities get another id: --max-activity-ids allows more")
        }
      }
    }
  }

  private mutating func take(_ items: [ExportItem]) throws(ExportLine.Problems) {
    for item in items {
      counts[item.kind, default: 0] += 1
      if case .activity(_, _, let former?, let id) = item, former != id { ids[former] = id }
    }
  }

  /// In words: `2 activities, 1 users`.
  var description: String { Self.text(counts) }

  static func text(_ counts: [ExportItem.Kind: Int]) -> String {
    let parts = ExportItem.Kind.allCases.compactMap { kind in
      counts[kind].flatMap { $0 > 0 ? "\($0) \(kind.rawValue)" : nil }
    }
    return parts.isEmpty ? "nothing" : parts.joined(separator: ", ")
  }
}
