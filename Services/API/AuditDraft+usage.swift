import ControlPlane
import Feeds
import JSON
import Model

extension AuditDraft {
  /// That an app has used much of a limit (insight D53, D80).
  init(_ warning: UsageWarning, app: AppID) {
    self.init(
      action: "usage.warn", app: Int64(app.rawValue), entityType: "limit", entityID: warning.kind.name,
      after: JSONValue.object([
        .init("used", .integer(warning.used)), .init("limit", .integer(warning.most)),
        .init("percent", .integer(UsageWarning.percent)),
      ]).description)
  }
}
