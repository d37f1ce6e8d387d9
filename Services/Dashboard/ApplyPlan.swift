import ControlPlane
import JSON

/// What applying a file would do: every path, and the app as it would be afterwards.
struct ApplyPlan: Sendable {
  var items: [PlanItem] = []
  var warnings: [String] = []
  /// The app afterwards; `id` 0 if it is new and gets the next number.
  var app: StoredApp
  var isNew: Bool
  var changedGroups: Set<String> = []
  var deletedGroups: Set<String> = []
  var changedSections: Set<String> = []
  var secretsChanged = false

  var refusals: [PlanItem] { items.filter { $0.action == .refuse } }
  var changes: [PlanItem] { items.filter { ![.noop, .refuse].contains($0.action) } }

  var json: JSONValue { .array(items.map(\.json)) }
}
