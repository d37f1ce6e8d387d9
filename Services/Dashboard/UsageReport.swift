import Feeds
import JSON
import KeevoClient
import Model

/// What `dashboard-api usage` shows (insight D52, D53).
struct UsageReport: Sendable {
  struct Row: Hashable, Sendable {
    /// A day, or a month.
    var time: String
    var usage: Usage
  }

  let request: UsageRequest
  /// Days or months with any use, in order.
  let rows: [Row]
  /// Bytes of all uploads now.
  let storageBytes: UInt64
  /// Of the months asked for, in order.
  let warnings: [UsageWarning]

  init(_ request: UsageRequest, _ store: any KeyValueStore) async throws(FeedError) {
    self.request = request
    var rows: [Row] = []
    var warnings: [UsageWarning] = []
    do throws(StoreError) {
      var month = request.from
      while month.month <= request.to.month {
        for (day, usage) in try await UsageLedger.read(store, app: request.app, month: month.month)
        where request.from <= day && day <= request.to {
          let time = request.interval == .day ? day.description : day.month
          if rows.last?.time == time {
            rows[rows.count - 1].usage += usage
          } else {
            rows.append(Row(time: time, usage: usage))
          }
        }
        warnings += try await UsageLedger.warnings(store, app: request.app, month: month.month)
        month = month.nextMonth
      }
    } catch { throw .store(error) }
    self.rows = rows
    self.warnings = warnings
    storageBytes = try await Uploads(store: store).bytes(app: request.app)
  }

  var document: JSONValue {
    .object([
      .init("app", .integer(request.app.rawValue)), .init("from", .string(request.from.description)),
      .init("to", .string(request.to.description)), .init("interval", .string(request.interval.rawValue)),
      .init("storage_bytes", .integer(storageBytes)),
      .init(
        "warnings",
        .array(
          warnings.map { warning in
            .object([
              .init("limit", .string(warning.kind.name)), .init("most", .integer(warning.most)),
              .init("used", .integer(warning.used)), .init("at", .string(warning.at.text(zone: true))),
            ])
          })),
      .init(
        "results",
        .array(
          rows.map { row in
            .object(
              [.init("time", .string(row.time))]
                + Usage.Measure.allCases.map { .init($0.name, .integer(row.usage[$0])) })
          })),
    ])
  }

  var text: String {
    var lines = rows.map { row in
      row.time + Usage.Measure.allCases.map { "  \($0.name) \(row.usage[$0])" }.joined()
    }
    if lines.isEmpty {
      lines.append("app \(request.app.rawValue) has used nothing from \(request.from) to \(request.to)")
    }
    lines.append("its uploads have \(storageBytes) bytes now")
    for warning in warnings {
      lines.append(
        "\(warning.at.text(zone: true))  \(UsageWarning.percent) % of \(warning.kind.name) were used: \(warning.used) of \(warning.most)"
      )
    }
    return lines.joined(separator: "\n")
  }
}
