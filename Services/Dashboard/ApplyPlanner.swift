import ControlPlane
import Feeds
import JSON
import Model

/// Makes a plan out of a valid file and the app as it is. Pure: it reads neither database nor environment.
struct ApplyPlanner {
  struct Options: Sendable {
    var prune = false
    /// `--yes`: production apps may change.
    var confirmed = false
  }

  let schema: AppSchema
  let options: Options

  /// - Parameters:
  ///   - live: the app as it is; for a new one, one with no name and the groups every new app gets.
  ///   - resolve: gives the value behind a secret's reference.
  func plan(
    _ file: AppFile, live: StoredApp, isNew: Bool,
    resolve: (JSONValue) -> SecretReferences.Resolved = SecretReferences.resolve
  ) throws(AppFile.Invalid) -> ApplyPlan {
    var plan = ApplyPlan(app: live, isNew: isNew)
    var problems: [ConfigProblem] = []
    planApp(file, live, &plan)
    planGroups(file, live, &plan, &problems)
    planSections(file, live, &plan, &problems)
    planSecrets(file, live, &plan, &problems, resolve)
    if live.environment == "production" || plan.app.environment == "production" {
      checkProduction(file, &plan, &problems)
    }
    guard problems.isEmpty else { throw AppFile.Invalid(problems: problems) }
    return plan
  }

  // MARK: The app itself

  private func planApp(_ file: AppFile, _ live: StoredApp, _ plan: inout ApplyPlan) {
    let app = file.value["app"] ?? .object([])
    plan.app.name = app["name"]?.string ?? live.name
    if let environment = app["environment"] { plan.app.environment = environment.string ?? "development" }
    if let region = app["region"] { plan.app.region = region.string }
    if let suspended = app["suspended"] { plan.app.suspended = suspended.boolean ?? false }
    if plan.isNew {
      plan.items.append(PlanItem(.create, "/app", after: Self.document(plan.app)))
      return
    }
    let changes = SettingsDiff(schema: schema).items(Self.document(live), Self.document(plan.app), path: "/app")
    plan.items += changes.isEmpty ? [PlanItem(.noop, "/app")] : changes
  }

  /// The member `app` of the file that describes it, without the id.
  static func document(_ app: StoredApp) -> JSONValue {
    var members: [JSONValue.Member] = [
      .init("name", .string(app.name)), .init("environment", .string(app.environment)),
    ]
    if let region = app.region { members.append(.init("region", .string(region))) }
    members.append(.init("suspended", .boolean(app.suspended)))
    return .object(members)
  }

  // MARK: Groups

  private func planGroups(
    _ file: AppFile, _ live: StoredApp, _ plan: inout ApplyPlan, _ problems: inout [ConfigProblem]
  ) {
    guard let listed = file.value["feed_groups"]?.array else {
      if plan.isNew { planStandardGroups(&plan, except: []) }
      return
    }
    let slugs = Set(listed.compactMap { $0["slug"]?.string })
    for (index, element) in listed.enumerated() {
      guard let slug = element["slug"]?.string else { continue }
      planGroup(slug, element, "/feed_groups/\(index)", file, &plan, &problems)
    }
    if plan.isNew { planStandardGroups(&plan, except: slugs) }
    guard options.prune else { return }
    for (slug, group) in live.groups.sorted(by: { $0.key < $1.key }) where !slugs.contains(slug) {
      let path = JSONPointer.appending(slug, to: "/feed_groups")
      if group.inUse {
        plan.items.append(PlanItem(.refuse, path, reason: "the group holds data and is not pruned"))
      } else {
        plan.app.groups[slug] = nil
        if plan.isNew {
          plan.changedGroups.remove(slug)
          plan.items.removeAll { $0.path == path }
        } else {
          plan.deletedGroups.insert(slug)
          plan.items.append(PlanItem(.delete, path, before: Self.value(group.document)))
        }
      }
    }
  }

  private func planGroup(
    _ slug: String, _ element: JSONValue, _ pointer: String, _ file: AppFile, _ plan: inout ApplyPlan,
    _ problems: inout [ConfigProblem]
  ) {
    let path = JSONPointer.appending(slug, to: "/feed_groups")
    let wanted = JSONValue.object((element.members ?? []).filter { $0.name != "slug" })
    let before = plan.app.groups[slug]
    let merge = SettingsMerge(schema: schema, prune: options.prune)
    let merged = merge.merge(before.map { Self.value($0.document) }, wanted, schema.feedGroup) ?? .object([])
    var document = Dictionary((merged.members ?? []).map { ($0.name, $0.value) }, uniquingKeysWith: { $1 })
    if document["policy"] == nil { document["policy"] = .string(FeedGroup.Policy.standard(forSlug: slug).rawValue) }
    if document["realtime"] == nil { document["realtime"] = .boolean(true) }
    if document["pull_above"] == nil { document["pull_above"] = .integer(5_000) }
    if let before, let type = before.document["type"], type != document["type"] {
      if before.inUse {
        plan.items.append(
          PlanItem(
            .refuse, path + "/type", before: type, after: document["type"],
            reason: "the group holds data, so its type is fixed; make a new group with another slug"))
        return
      }
      // What the former type had and the new one cannot have goes with it.
      for name in leftovers(document, keeping: wanted) { document[name] = nil }
    }
    if let name = document["ranking_default"]?.string, document["rankings"]?[name] == nil {
      problems.append(
        file.problem(
          pointer + "/ranking_default", "the group has no ranking \"\(name)\"",
          "Add it under \"rankings\", or name one that is there"))
    }
    checkRankings(document["rankings"], pointer + "/rankings", file, &problems)
    let after = StoredApp.Group(slug: slug, inUse: before?.inUse ?? false, document: document)
    plan.app.groups[slug] = after
    let changes = SettingsDiff(schema: schema).items(
      plan.isNew && before != nil ? nil : before.map { Self.value($0.document) }, Self.value(document), path: path)
    plan.items += changes.isEmpty ? [PlanItem(.noop, path)] : changes
    if !changes.isEmpty { plan.changedGroups.insert(slug) }
    warnOfFormat(document, path, isChanged: changes.contains { $0.path == path + "/aggregation_format" }, before, &plan)
  }

  /// A format that does not compile is saved all the same: adds pass, and reads say so (feeds J9).
  private func warnOfFormat(
    _ document: [String: JSONValue], _ path: String, isChanged: Bool, _ before: StoredApp.Group?,
    _ plan: inout ApplyPlan
  ) {
    if isChanged, before?.inUse == true, document["reaggregate"]?.boolean != true {
      plan.warnings.append(
        "\(path)/aggregation_format: the format is applied when activities are written: those already there keep theirs"
      )
    }
    guard let text = document["aggregation_format"]?.string else { return }
    do throws(AggregationFormatError) {
      if try AggregationFormat(text).isTooLarge {
        plan.warnings.append(
          "\(path)/aggregation_format: the format has more than \(AggregationFormat.textBytesMax) bytes or nests deeper than "
            + "\(AggregationFormat.levelsMax) levels: all activities will be in one group")
      }
    } catch {
      plan.warnings.append(
        "\(path)/aggregation_format: \(error): reads of these feeds will answer 400 until it is corrected, and activities "
          + "added meanwhile will not be in them")
    }
  }

  /// A ranking that does not compile cannot be saved (feeds K7, K11a; insight D93).
  private func checkRankings(
    _ rankings: JSONValue?, _ pointer: String, _ file: AppFile, _ problems: inout [ConfigProblem]
  ) {
    for ranking in rankings?.members ?? [] {
      do throws(RankingDefinitionError) {
        _ = try RankingMethod(ranking.value)
      } catch {
        for problem in error.problems {
          let place = problem.line.map { "line \($0), column \(problem.column ?? 1) of the expression: " } ?? ""
          problems.append(
            file.problem(
              JSONPointer.appending(ranking.name, to: pointer) + problem.pointer, place + problem.message,
              "Correct the ranking; docs/ranking.md describes the language"))
        }
      }
    }
  }

  private func planStandardGroups(_ plan: inout ApplyPlan, except listed: Set<String>) {
    for (slug, group) in plan.app.groups.sorted(by: { $0.key < $1.key }) where !listed.contains(slug) {
      plan.changedGroups.insert(slug)
      plan.items.append(
        PlanItem(.create, JSONPointer.appending(slug, to: "/feed_groups"), after: Self.value(group.document)))
    }
  }

  /// Members that the schema bans for the document's type and the file did not ask for.
  private func leftovers(_ document: [String: JSONValue], keeping wanted: JSONValue) -> [String] {
    let banned: [String] =
      switch document["type"]?.string {
      case "flat": ["aggregation_format", "notification", "max_activities_per_group", "reaggregate"]
      case "notification": ["rankings", "ranking_default"]
      default: ["notification"]
      }
    return banned.filter { wanted[$0] == nil }
  }

  static func value(_ document: [String: JSONValue]) -> JSONValue {
    .object(document.sorted { $0.key < $1.key }.map { JSONValue.Member($0.key, $0.value) })
  }

  // MARK: Settings

  private func planSections(
    _ file: AppFile, _ live: StoredApp, _ plan: inout ApplyPlan, _ problems: inout [ConfigProblem]
  ) {
    let merge = SettingsMerge(schema: schema, prune: options.prune)
    for name in schema.sectionNames {
      guard let wanted = file.value[name] else { continue }
      let key = AppSchema.key(ofList: name)
      let before = live.sections[name]
      let after = merge.merge(before, wanted, schema.section(name), key: key)
      let path = JSONPointer.appending(name, to: "")
      let changes = SettingsDiff(schema: schema).items(before, after, path: path, key: key)
      plan.items += changes.isEmpty ? [PlanItem(.noop, path)] : changes
      if !changes.isEmpty {
        plan.app.sections[name] = after
        plan.changedSections.insert(name)
      }
    }
  }

  private func planSecrets(
    _ file: AppFile, _ live: StoredApp, _ plan: inout ApplyPlan, _ problems: inout [ConfigProblem],
    _ resolve: (JSONValue) -> SecretReferences.Resolved
  ) {
    let references = SecretReferences(schema: schema)
    var secrets: [String: [UInt8]] = [:]
    for name in schema.sectionNames {
      guard let section = plan.app.sections[name] else { continue }
      let isListed = file.value[name] != nil
      let found = references.all(
        in: section, schema.section(name), path: JSONPointer.appending(name, to: ""), key: AppSchema.key(ofList: name))
      for (path, reference) in found.sorted(by: { $0.key < $1.key }) {
        guard isListed else {
          secrets[path] = live.secrets[path]
          continue
        }
        switch resolve(reference) {
        case .value(let value): secrets[path] = value
        case .missing(let message, let advice):
          problems.append(file.problem(path, message, advice))
        }
      }
    }
    for (path, value) in secrets.sorted(by: { $0.key < $1.key }) {
      guard let before = live.secrets[path], before != value else { continue }
      plan.items.append(PlanItem(.update, path, before: .string("(secret)"), after: .string("(another secret)")))
    }
    plan.secretsChanged = secrets != live.secrets
    plan.app.secrets = secrets
  }

  // MARK: Production

  private func checkProduction(_ file: AppFile, _ plan: inout ApplyPlan, _ problems: inout [ConfigProblem]) {
    if plan.app.environment == "production" {
      if plan.app.sections["auth"]?["disable_auth_checks"]?.boolean == true {
        problems.append(
          file.problem(
            "/auth/disable_auth_checks", "authentication cannot be switched off in production",
            "Write false, or make the app's environment \"development\""))
      }
      let hooks = plan.app.sections["webhook"].map { $0.array ?? [$0] } ?? []
      for (index, hook) in hooks.enumerated() where hook["url"]?.string?.hasPrefix("https://") == false {
        let isList = plan.app.sections["webhook"]?.array != nil
        problems.append(
          file.problem(
            isList ? "/webhook/\(index)/url" : "/webhook/url", "a webhook in production must use https",
            "Write a URL that begins with https://"))
      }
    }
    if !plan.changes.isEmpty, !options.confirmed {
      plan.items.append(
        PlanItem(.refuse, "/app", reason: "this is a production app; look at the plan and run it again with --yes"))
    }
  }
}
