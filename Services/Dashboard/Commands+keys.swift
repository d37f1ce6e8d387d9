import Auth
import ControlPlane
import Glibc
import JSON
import ServiceKit
import Telemetry

extension ServiceSpecification.Command {
  static let keys = ServiceSpecification.Command(
    name: "keys",
    summary: "list|create|rotate|revoke --app ID [KEY] [--note TEXT] [--mode secret|pair] [--overlap 24h] [--wait]: "
      + "an app's API keys"
  ) { arguments, configuration in
    await CommandRun.with(
      arguments, configuration, values: ["app", "note", "mode", "overlap"], flags: ["wait"]
    ) { run in
      let app = try run.options.required("app")
      let words = run.options.words
      switch (words.first, words.count) {
      case ("list", 1): return try listKeys(app, run)
      case ("create", 1): return try createKey(app, run)
      case ("rotate", 2): return try rotateKey(app, words[1], run)
      case ("revoke", 2): return try revokeKey(app, words[1], run)
      default:
        throw CommandOptions.Misuse(
          description:
            "write keys list --app ID, keys create --app ID, keys rotate KEY --app ID, or keys revoke KEY --app ID")
      }
    }
  }

  private static func store(_ run: CommandRun, _ app: Int64) throws -> ControlPlaneStore {
    let store = try run.openStore()
    guard try store.apps().contains(where: { $0.id == app }) else {
      throw ControlPlaneError.notFound("there is no app \(app)")
    }
    return store
  }

  private static func listKeys(_ app: Int64, _ run: CommandRun) throws -> Int32 {
    let keys = try store(run, app).keys(app: app)
    let rows = keys.map { key in
      JSONValue.object([
        .init("key", .string(key.key)), .init("state", .string(key.state.rawValue)),
        .init("created_at", .string(key.createdAt)),
        .init("last_used_at", key.lastUsedAt.map { .string($0) } ?? .null),
        .init("retire_at", key.retireAt.map { .string($0) } ?? .null),
        .init("note", .string(key.note)), .init("live_secrets", .integer(key.liveSecrets)),
      ])
    }
    let lines = keys.map { key in
      "\(key.key)  \(key.state.rawValue)  created \(key.createdAt)  "
        + (key.lastUsedAt.map { "used \($0)" } ?? "not used yet")
        + (key.retireAt.map { "  retires \($0)" } ?? "") + (key.note.isEmpty ? "" : "  \(key.note)")
    }
    run.answer(
      .object([.init("results", .array(rows))]),
      lines.isEmpty ? "app \(app) has no keys" : lines.joined(separator: "\n"))
    return CommandRun.ExitCode.done
  }

  private static func createKey(_ app: Int64, _ run: CommandRun) throws -> Int32 {
    let store = try store(run, app)
    let note = run.options.values["note"] ?? ""
    let (new, revision) = try store.change(by: run.actor) { store in
      let new = try store.createKey(app: app, note: note)
      return (new, audit("key.create", app, new.key, .object([.init("note", .string(note))])))
    }
    return try show(new, app, revision, run, store)
  }

  private static func rotateKey(_ app: Int64, _ key: String, _ run: CommandRun) throws -> Int32 {
    let word = run.options.values["mode"] ?? "secret"
    guard let mode = ControlPlaneStore.RotationMode(rawValue: word) else {
      throw CommandOptions.Misuse(description: "--mode must be secret or pair, not \(word)")
    }
    let overlap = try run.options.seconds("overlap") ?? ControlPlaneStore.overlapSecondsDefault
    let store = try store(run, app)
    let (new, revision) = try store.change(by: run.actor) { store in
      let new = try store.rotateKey(app: app, key: key, mode: mode, overlapSeconds: overlap)
      let after = JSONValue.object([
        .init("mode", .string(mode.rawValue)), .init("overlap_seconds", .integer(overlap)),
        .init("key", .string(new.key)),
      ])
      return (new, audit("key.rotate", app, key, after))
    }
    let end = overlap == 0 ? Revocation.now : wallClockMicroseconds() / 1_000 + overlap * 1_000
    let subject: Revocation.Subject =
      mode == .pair
      ? .key(key, endsAtMilliseconds: end) : .secrets(ofKey: key, endAtMilliseconds: end)
    run.publish(subject, app: app, revision: revision)
    return try show(new, app, revision, run, store)
  }

  private static func revokeKey(_ app: Int64, _ key: String, _ run: CommandRun) throws -> Int32 {
    let store = try store(run, app)
    let (_, revision) = try store.change(by: run.actor) { store in
      try store.revokeKey(app: app, key: key)
      return ((), audit("key.revoke", app, key, nil))
    }
    run.publish(.key(key, endsAtMilliseconds: Revocation.now), app: app, revision: revision)
    run.answer(
      .object([.init("key", .string(key)), .init("state", .string("revoked")), .init("revision", .integer(revision))]),
      "\(key) is revoked")
    if run.options.flags.contains("wait") { try run.waitForServices(revision, store) }
    return CommandRun.ExitCode.done
  }

  private static func audit(_ action: String, _ app: Int64, _ key: String, _ after: JSONValue?) -> AuditDraft {
    AuditDraft(action: action, app: app, entityType: "key", entityID: key, after: after?.description)
  }

  private static func show(
    _ new: NewKey, _ app: Int64, _ revision: Int64, _ run: CommandRun, _ store: ControlPlaneStore
  ) throws -> Int32 {
    run.answer(
      .object([
        .init("app_id", .integer(app)), .init("key", .string(new.key)), .init("secret", .string(new.secret)),
        .init("revision", .integer(revision)),
      ]), "app_id=\(app)\nkey=\(new.key)\nsecret=\(new.secret)\nThe secret is shown this once: keep it.")
    if run.options.flags.contains("wait") { try run.waitForServices(revision, store) }
    return CommandRun.ExitCode.done
  }

  static let apps = ServiceSpecification.Command(
    name: "apps", summary: "list: the apps of every organisation"
  ) { arguments, configuration in
    await CommandRun.with(arguments, configuration, values: []) { run in
      guard run.options.words == ["list"] else { throw CommandOptions.Misuse(description: "write apps list") }
      let apps = try run.openStore().apps()
      let rows = apps.map { app in
        JSONValue.object([
          .init("id", .integer(app.id)), .init("organisation", .string(app.organisation)),
          .init("name", .string(app.name)), .init("environment", .string(app.environment)),
          .init("suspended", .boolean(app.suspended)), .init("feed_groups", .integer(app.groups)),
          .init("live_keys", .integer(app.keys)),
        ])
      }
      let lines = apps.map { app in
        "\(app.id)  \(app.organisation)/\(app.name)  \(app.environment)\(app.suspended ? "  suspended" : "")"
          + "  \(app.groups) groups  \(app.keys) keys"
      }
      run.answer(
        .object([.init("results", .array(rows))]),
        lines.isEmpty ? "there are no apps yet" : lines.joined(separator: "\n"))
      return CommandRun.ExitCode.done
    }
  }

  static let audit = ServiceSpecification.Command(
    name: "audit", summary: "verify: check that no row of the audit log was changed or taken out"
  ) { arguments, configuration in
    await CommandRun.with(arguments, configuration, values: []) { run in
      guard run.options.words == ["verify"] else { throw CommandOptions.Misuse(description: "write audit verify") }
      let (rows, firstBreak) = try run.openStore().verifyAudit()
      run.answer(
        .object([.init("rows", .integer(rows)), .init("first_break", firstBreak.map { .integer($0) } ?? .null)]),
        firstBreak.map { "row \($0) does not follow from the one before it" } ?? "\(rows) rows, the chain holds")
      return firstBreak == nil ? CommandRun.ExitCode.done : CommandRun.ExitCode.refused
    }
  }

  static let token = ServiceSpecification.Command(
    name: "token",
    summary: "--app ID [--user-id ID] [--key KEY] [--ttl 1h]: sign a user's token, or without a user a server token"
  ) { arguments, configuration in
    await CommandRun.with(arguments, configuration, values: ["app", "user-id", "key", "ttl"]) { run in
      let app = try run.options.required("app")
      let seconds = try run.options.seconds("ttl")
      let signing = try run.openStore().signingSecret(app: app, key: run.options.values["key"])
      let expires = seconds.map { wallClockMicroseconds() / 1_000_000 + $0 }
      let maker = TokenMaker(secret: Array(signing.secret.utf8))
      let token: String
      if let user = run.options.values["user-id"] {
        guard !user.isEmpty, user != "*" else {
          throw CommandOptions.Misuse(description: "--user-id must be a user's id: not empty and not *")
        }
        token = maker.userToken(user, expires: expires)
      } else {
        var claims: [JSONValue.Member] = ["resource", "action", "feed_id", "user_id"].map { .init($0, .string("*")) }
        if let expires { claims.append(.init("exp", .integer(expires))) }
        token = maker.token(claims: .object(claims))
      }
      run.answer(.object([.init("key", .string(signing.key)), .init("token", .string(token))]), token)
      return CommandRun.ExitCode.done
    }
  }
}
