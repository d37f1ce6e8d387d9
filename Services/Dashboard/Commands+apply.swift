import ControlPlane
import JSON
import ServiceKit

extension ServiceSpecification.Command {
  static let apply = ServiceSpecification.Command(
    name: "apply",
    summary: "FILE.json [--app ID|--org SLUG] [--dry-run] [--prune] [--wait] [--yes] [--output json]: "
      + "make an app's settings what the file says"
  ) { arguments, configuration in
    await CommandRun.with(
      arguments, configuration, values: ["app", "org"], flags: ["dry-run", "prune", "wait", "yes"]
    ) { run in
      guard run.options.words.count == 1 else { throw CommandOptions.Misuse(description: "apply takes one file") }
      let path = run.options.words[0]
      guard let bytes = FileBytes.read(path: path, bytesMax: AppFile.bytesMax) else {
        throw CommandOptions.Misuse(description: "\(path) cannot be read, or is larger than 4 MiB")
      }
      do {
        return try applyFile(bytes, path: path, run)
      } catch let invalid as AppFile.Invalid {
        return report(invalid, path: path, run)
      }
    }
  }

  private static func applyFile(_ bytes: [UInt8], path: String, _ run: CommandRun) throws -> Int32 {
    let schema = try AppSchema()
    let file = try AppFile(bytes, schema: schema)
    let store = try run.openStore()
    let engine = ApplyEngine(schema: schema, actor: run.actor)
    let planned = try engine.plan(
      file, store: store,
      target: ApplyEngine.Target(app: try run.options.integer("app"), organisation: run.options.values["org"]),
      options: ApplyPlanner.Options(
        prune: run.options.flags.contains("prune"), confirmed: run.options.flags.contains("yes")))
    let isDry = run.options.flags.contains("dry-run")
    guard planned.plan.refusals.isEmpty else {
      answer(planned, run, isDry: true)
      CommandRun.complain("nothing was changed: the plan holds what is refused")
      return CommandRun.ExitCode.refused
    }
    let outcome = isDry ? planned : try engine.commit(planned, file: file, store: store)
    if !isDry, outcome.plan.app.suspended, outcome.plan.changes.contains(where: { $0.path == "/app/suspended" }) {
      run.publish(.app, app: outcome.plan.app.id, revision: outcome.revision)
    }
    answer(outcome, run, isDry: isDry)
    if run.options.flags.contains("wait"), !isDry { try run.waitForServices(outcome.revision, store) }
    return CommandRun.ExitCode.done
  }

  private static func answer(_ outcome: ApplyEngine.Outcome, _ run: CommandRun, isDry: Bool) {
    let plan = outcome.plan
    var members: [JSONValue.Member] = [
      .init("app_id", plan.app.id == 0 ? .null : .integer(plan.app.id)), .init("app", .string(plan.app.name)),
      .init("organisation", .string(outcome.organisation)), .init("created", .boolean(plan.isNew && !isDry)),
      .init("changes", .integer(plan.changes.count)), .init("revision", .integer(outcome.revision)),
      .init("dry_run", .boolean(isDry)), .init("plan", plan.json),
      .init("warnings", .array(plan.warnings.map { .string($0) })),
    ]
    if let key = outcome.key {
      members += [.init("key", .string(key.key)), .init("secret", .string(key.secret))]
    }
    var lines = plan.items.map { "  \($0.text)" } + plan.warnings.map { "  warning: \($0)" }
    let name = "app \(plan.app.name)\(plan.app.id == 0 ? "" : " (id \(plan.app.id))")"
    lines.insert("plan for \(name):", at: 0)
    lines.append(
      isDry
        ? "nothing was written; \(plan.changes.count) changes planned"
        : "\(plan.changes.count) changes made; revision \(outcome.revision)")
    // In the form of the stack's environment file, which reads them from here.
    if plan.app.id != 0 { lines.append("app_id=\(plan.app.id)") }
    if let key = outcome.key {
      lines += ["key=\(key.key)", "secret=\(key.secret)", "The secret is shown this once: keep it."]
    }
    run.answer(.object(members), lines.joined(separator: "\n"))
  }

  private static func report(_ invalid: AppFile.Invalid, path: String, _ run: CommandRun) -> Int32 {
    let problems = invalid.problems.sorted { ($0.line, $0.column, $0.pointer) < ($1.line, $1.column, $1.pointer) }
    if run.json {
      print(
        JSONValue.object([
          .init("error", .string("validation")), .init("file", .string(path)),
          .init("problems", .array(problems.map(\.json))),
        ]))
    }
    for problem in problems { writeError(problem.text(file: path) + "\n") }
    CommandRun.complain("\(problems.count) problem\(problems.count == 1 ? "" : "s") in \(path); nothing was changed")
    return CommandRun.ExitCode.invalid
  }

  static let export = ServiceSpecification.Command(
    name: "export", summary: "--app ID: write the app's settings as a file that apply accepts"
  ) { arguments, configuration in
    await CommandRun.with(arguments, configuration, values: ["app"]) { run in
      let id = try run.options.required("app")
      guard let app = try run.openStore().app(id: id) else { throw ControlPlaneError.notFound("there is no app \(id)") }
      print(AppExport.text(AppExport.document(app, schema: try AppSchema())))
      return CommandRun.ExitCode.done
    }
  }

  static let schema = ServiceSpecification.Command(
    name: "schema", summary: "print the JSON Schema of an app's file"
  ) { arguments, configuration in
    await CommandRun.with(arguments, configuration, values: []) { _ in
      print(String(decoding: AppSchema.text, as: UTF8.self), terminator: "")
      return CommandRun.ExitCode.done
    }
  }

  static let migrate = ServiceSpecification.Command(
    name: "migrate", summary: "bring PostgreSQL's tables up to date"
  ) { arguments, configuration in
    await CommandRun.with(arguments, configuration, values: []) { run in
      guard let postgres = run.configuration.string("postgres") else {
        throw CommandOptions.Misuse(description: "--postgres is not set: give PostgreSQL's connection string")
      }
      let connection = try PostgresConnection.connect(postgres, application: "millrace dashboard-api")
      let done = try Migrator().run(connection)
      run.answer(
        .object([.init("applied", .array(done.map { .integer($0.version) }))]),
        done.isEmpty
          ? "the tables are up to date" : done.map { "applied \($0.version): \($0.name)" }.joined(separator: "\n"))
      return CommandRun.ExitCode.done
    }
  }
}
