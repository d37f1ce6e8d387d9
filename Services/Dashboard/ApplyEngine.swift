import ControlPlane
import JSON
import Model

/// Applies a file: finds the app, plans, and makes the change in one transaction (insight D90, D91).
struct ApplyEngine {
  /// Where the app is looked for.
  struct Target: Sendable {
    var app: Int64?
    var organisation: String?
  }

  struct Outcome: Sendable {
    var plan: ApplyPlan
    var organisation: String
    /// After the change; what was there if nothing changed.
    var revision: Int64
    /// Of a new app, shown this once.
    var key: NewKey?
  }

  static let organisationDefault = "default"

  let schema: AppSchema
  let actor: AuditDraft.Actor

  /// Reads what there is and plans; nothing is written.
  func plan(
    _ file: AppFile, store: ControlPlaneStore, target: Target, options: ApplyPlanner.Options
  ) throws -> Outcome {
    let (organisation, live) = try find(file, store, target)
    let start =
      live
      ?? StoredApp(
        id: Int64(file.value["app"]?["id"]?.integer ?? 0), organisation: organisation.id, name: "",
        groups: Self.standardGroups)
    let plan = try ApplyPlanner(schema: schema, options: options).plan(file, live: start, isNew: live == nil)
    return Outcome(plan: plan, organisation: organisation.slug, revision: try store.currentRevision(), key: nil)
  }

  /// Writes a plan; conflicts if the app was changed since.
  func commit(_ outcome: Outcome, file: AppFile, store: ControlPlaneStore) throws(ControlPlaneError) -> Outcome {
    let plan = outcome.plan
    if !plan.isNew, plan.changes.isEmpty, !plan.secretsChanged { return outcome }
    let (made, revision) = try store.change(by: actor) { store in
      var app = plan.app
      if app.organisation == 0 { app.organisation = try store.createOrganisation(slug: outcome.organisation) }
      if plan.isNew {
        app.id = try store.createApp(app, withID: app.id == 0 ? nil : app.id)
      } else {
        try store.updateApp(app)
      }
      for slug in plan.deletedGroups.sorted() { try store.deleteGroup(app: app.id, slug: slug) }
      for slug in plan.changedGroups.sorted() {
        if let group = app.groups[slug] { try store.putGroup(app: app.id, group) }
      }
      for name in plan.changedSections.sorted() { try store.putSection(app: app.id, name, app.sections[name]) }
      if plan.secretsChanged { try store.putSecrets(app: app.id, app.secrets) }
      let key = plan.isNew ? try store.createKey(app: app.id, note: "first key") : nil
      let after = JSONValue.object([
        .init("file_sha256", .string(file.hash)), .init("plan", .array(plan.changes.map(\.json))),
      ])
      let draft = AuditDraft(
        action: "apply", organisation: app.organisation, app: app.id, entityType: "app", entityID: String(app.id),
        after: after.description)
      return ((app, key), draft)
    }
    var result = outcome
    result.plan.app = made.0
    result.key = made.1
    result.revision = revision
    return result
  }

  // MARK: Finding the app (D90a)

  private func find(
    _ file: AppFile, _ store: ControlPlaneStore, _ target: Target
  ) throws(ControlPlaneError) -> (organisation: (id: Int64, slug: String), app: StoredApp?) {
    let organisations = try store.organisations()
    func owner(_ app: StoredApp) -> (id: Int64, slug: String) {
      organisations.first { $0.id == app.organisation } ?? (app.organisation, "?")
    }
    if let id = target.app {
      guard let app = try store.app(id: id) else { throw .notFound("there is no app \(id)") }
      if let named = file.value["app"]?["id"]?.integer, Int64(named) != id {
        throw .refused("--app names app \(id), but the file's /app/id is \(named)")
      }
      return (owner(app), app)
    }
    if let id = file.value["app"]?["id"]?.integer, let app = try store.app(id: Int64(id)) { return (owner(app), app) }
    let organisation = try choose(organisations, target.organisation)
    let name = file.value["app"]?["name"]?.string ?? ""
    guard organisation.id != 0, let app = try store.app(organisation: organisation.id, name: name) else {
      return (organisation, nil)
    }
    if let id = file.value["app"]?["id"]?.integer, Int64(id) != app.id {
      throw .refused("the file's /app/id is \(id), but the app named \"\(name)\" is app \(app.id)")
    }
    return (organisation, app)
  }

  private func choose(
    _ organisations: [(id: Int64, slug: String)], _ wanted: String?
  ) throws(ControlPlaneError) -> (id: Int64, slug: String) {
    if let wanted {
      if let found = organisations.first(where: { $0.slug == wanted }) { return found }
      guard organisations.isEmpty else {
        throw .notFound(
          "there is no organisation \"\(wanted)\"; there are: \(organisations.map(\.slug).joined(separator: ", "))")
      }
      guard SchemaWords.matches(wanted, "^[a-z0-9-]{2,40}$") else {
        throw .refused("an organisation's name is 2 to 40 lower-case letters, digits or -")
      }
      return (0, wanted)
    }
    switch organisations.count {
    case 0: return (0, Self.organisationDefault)
    case 1: return organisations[0]
    default:
      throw .refused(
        "there are several organisations, say which with --org: \(organisations.map(\.slug).joined(separator: ", "))")
    }
  }

  /// The groups of a new app (feeds 1.8), formats included.
  static var standardGroups: [String: StoredApp.Group] {
    return FeedGroup.standard.reduce(into: [:]) { groups, group in
      var document: [String: JSONValue] = [
        "type": .string(group.kind.rawValue), "policy": .string(group.policy.rawValue),
        "realtime": .boolean(group.realtime), "pull_above": .integer(group.pullAbove),
      ]
      if let format = group.aggregationFormat { document["aggregation_format"] = .string(format) }
      groups[group.slug] = StoredApp.Group(slug: group.slug, document: document)
    }
  }
}
