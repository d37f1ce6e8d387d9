import JSON

/// Checks a document against the keywords of JSON Schema 2020-12 that the app's schema uses, and collects every problem.
///
/// Two rules beside the standard: a member that may be left out may be `null` (it resets to the default, insight D91), and
/// integers are written plainly (`5000`, not `5e3`).
struct SchemaValidator {
  private let schema: AppSchema
  private let lines: LineIndex
  private(set) var problems: [ConfigProblem] = []
  /// So many are listed; a file with more has one cause.
  static let problemsMax = 200

  init(schema: AppSchema, lines: LineIndex) {
    self.schema = schema
    self.lines = lines
  }

  mutating func report(_ node: JSONNode, _ pointer: String, _ message: String, _ advice: String) {
    guard problems.count < Self.problemsMax else { return }
    let place = lines.place(of: node.range.lowerBound)
    problems.append(
      ConfigProblem(pointer: pointer, line: place.line, column: place.column, message: message, advice: advice))
  }

  mutating func check(_ node: JSONNode, _ rule: JSONValue, _ pointer: String) {
    let rule = schema.resolved(rule)
    guard checkType(node, rule, pointer) else { return }
    checkValue(node, rule, pointer)
    switch node.kind {
    case .string: checkString(node, rule, pointer)
    case .number: checkNumber(node, rule, pointer)
    case .array: checkList(node, rule, pointer)
    case .object: checkObject(node, rule, pointer)
    default: break
    }
    if let branches = rule["oneOf"]?.array { checkBranches(node, branches, pointer) }
    for condition in rule["allOf"]?.array ?? [] { checkCondition(node, condition, pointer) }
  }

  private func problems(of node: JSONNode, _ rule: JSONValue, _ pointer: String) -> [ConfigProblem] {
    var trial = SchemaValidator(schema: schema, lines: lines)
    trial.check(node, rule, pointer)
    return trial.problems
  }

  // MARK: Any value

  private mutating func checkType(_ node: JSONNode, _ rule: JSONValue, _ pointer: String) -> Bool {
    let allowed = rule["type"].map { $0.array?.compactMap(\.string) ?? [$0.string ?? ""] }
    guard let allowed else { return true }
    let isPlainInteger = node.integer != nil
    for type in allowed {
      switch (type, node.kind) {
      case ("null", .null), ("boolean", .true), ("boolean", .false), ("string", .string), ("array", .array),
        ("object", .object), ("number", .number):
        return true
      case ("integer", .number) where isPlainInteger: return true
      default: continue
      }
    }
    report(
      node, pointer, "this is \(SchemaWords.name(of: node))",
      "Write \(SchemaWords.list(allowed.map(SchemaWords.type)))")
    return false
  }

  private mutating func checkValue(_ node: JSONNode, _ rule: JSONValue, _ pointer: String) {
    if let values = rule["enum"]?.array, !values.contains(JSONValue(node)) {
      report(
        node, pointer, "\(SchemaWords.shown(node)) is not allowed here",
        "Write \(SchemaWords.list(values.map(\.description)))")
    }
    if let value = rule["const"], !value.isSame(as: JSONValue(node)) {
      report(node, pointer, "\(SchemaWords.shown(node)) is not allowed here", "Write \(value)")
    }
  }

  private mutating func checkString(_ node: JSONNode, _ rule: JSONValue, _ pointer: String) {
    let text = node.string ?? ""
    if text.unicodeScalars.contains("\0") {
      report(node, pointer, "the text holds the character U+0000", "Remove it")
    }
    let length = text.unicodeScalars.count
    if let least = rule["minLength"]?.integer, length < least {
      report(node, pointer, "the text is empty", "Write at least \(least) character\(least == 1 ? "" : "s")")
    }
    if let most = rule["maxLength"]?.integer, length > most {
      report(node, pointer, "the text has \(length) characters", "Write at most \(most)")
    }
    if let pattern = rule["pattern"]?.string, !SchemaWords.matches(text, pattern) {
      report(
        node, pointer, "\(SchemaWords.shown(node)) has not the form expected", "Write \(SchemaWords.form(pattern))")
    } else if let format = rule["format"]?.string, !SchemaWords.hasFormat(text, format) {
      report(
        node, pointer, "\(SchemaWords.shown(node)) is no \(format == "uri" ? "URL" : "e-mail address")",
        format == "uri"
          ? "Write a whole URL, such as \"https://example.org/path\"" : "Write one such as \"ada@example.org\"")
    }
  }

  private mutating func checkNumber(_ node: JSONNode, _ rule: JSONValue, _ pointer: String) {
    guard let value = node.numberText.flatMap({ Double($0) }) else { return }
    let least = rule["minimum"]?.numberText
    let most = rule["maximum"]?.numberText
    let below = least.flatMap { Double($0) }.map { value < $0 } ?? false
    let above = most.flatMap { Double($0) }.map { value > $0 } ?? false
    guard below || above else { return }
    let range =
      switch (least, most) {
      case (let least?, let most?): "a number from \(least) to \(most)"
      case (let least?, nil): "a number of at least \(least)"
      case (_, let most): "a number of at most \(most ?? "?")"
      }
    report(node, pointer, "\(SchemaWords.shown(node)) is too \(below ? "small" : "large")", "Write \(range)")
  }

  private mutating func checkList(_ node: JSONNode, _ rule: JSONValue, _ pointer: String) {
    if let most = rule["maxItems"]?.integer, node.count > most {
      report(node, pointer, "the list has \(node.count) elements", "Write at most \(most)")
    }
    var seen: [JSONValue] = []
    for (index, element) in node.elements.enumerated() {
      let place = JSONPointer.appending(index, to: pointer)
      if rule["uniqueItems"]?.boolean == true {
        let value = JSONValue(element)
        if seen.contains(where: { $0.isSame(as: value) }) {
          report(element, place, "\(SchemaWords.shown(element)) occurs twice", "Remove one of them")
        }
        seen.append(value)
      }
      if let items = rule["items"] { check(element, items, place) }
    }
  }

  // MARK: Objects

  private mutating func checkObject(_ node: JSONNode, _ rule: JSONValue, _ pointer: String) {
    let properties = rule["properties"]?.members ?? []
    let required = (rule["required"]?.array ?? []).compactMap(\.string)
    let names = Set(node.members.map { $0.name.string ?? "" })
    for name in required where !names.contains(name) {
      let form = schema.member(name, of: rule).map { SchemaWords.example($0) } ?? "…"
      report(node, pointer, "the member \"\(name)\" is missing", "Add \"\(name)\": \(form)")
    }
    if let least = rule["minProperties"]?.integer, node.count < least {
      report(node, pointer, "the object is empty", "Write one of: \(properties.map(\.name).joined(separator: ", "))")
    }
    if let most = rule["maxProperties"]?.integer, node.count > most {
      report(node, pointer, "the object has \(node.count) members", "Write \(most) of them")
    }
    for (name, value) in node.members {
      let text = name.string ?? ""
      let place = JSONPointer.appending(text, to: pointer)
      if let names = rule["propertyNames"] { checkName(name, names, place) }
      guard let member = schema.member(text, of: rule) else {
        if rule["additionalProperties"]?.boolean == false {
          let known = properties.map(\.name)
          let near = SchemaWords.nearest(text, to: known)
          report(
            name, place, "there is no member \"\(text)\" here",
            near.map { "Did you mean \"\($0)\"?" } ?? "Known are: \(known.joined(separator: ", "))")
        }
        continue
      }
      if value.kind == .null, !required.contains(text) { continue }
      check(value, member, place)
    }
  }

  private mutating func checkName(_ name: JSONNode, _ rule: JSONValue, _ pointer: String) {
    let text = name.string ?? ""
    if let pattern = rule["pattern"]?.string, !SchemaWords.matches(text, pattern) {
      report(name, pointer, "the name \"\(text)\" has not the form expected", "Write \(SchemaWords.form(pattern))")
    }
    if let reserved = rule["not"]?["const"]?.string, text == reserved {
      report(name, pointer, "the name \"\(text)\" is reserved", "Choose another name")
    }
  }

  // MARK: Branches

  /// `oneOf`: complains about the branch that was most likely meant, by the constant in `type` or by the kind of value.
  private mutating func checkBranches(_ node: JSONNode, _ branches: [JSONValue], _ pointer: String) {
    let results = branches.map { problems(of: node, $0, pointer) }
    guard !results.contains(where: \.isEmpty) else { return }
    let kinds = branches.map { branch in schema.resolved(branch)["properties"]?["type"]?["const"]?.string }
    if kinds.allSatisfy({ $0 != nil }), node.kind == .object {
      guard let type = node["type"] else {
        report(node, pointer, "the member \"type\" is missing", "Add \"type\": \(SchemaWords.choices(kinds))")
        return
      }
      guard let meant = kinds.firstIndex(of: type.string ?? "") else {
        report(
          type, JSONPointer.appending("type", to: pointer), "\(SchemaWords.shown(type)) is not allowed here",
          "Write \(SchemaWords.choices(kinds))")
        return
      }
      problems += results[meant]
      return
    }
    let sameKind = branches.indices.first { index in
      let type = schema.resolved(branches[index])["type"]?.string
      return type == SchemaWords.typeName(of: node) || (type == "integer" && node.kind == .number)
    }
    if let sameKind {
      problems += results[sameKind]
    } else {
      let types = branches.compactMap { schema.resolved($0)["type"]?.string }.map(SchemaWords.type)
      report(node, pointer, "this is \(SchemaWords.name(of: node))", "Write \(SchemaWords.list(types))")
    }
  }

  /// `if`/`then` as the schema uses it: where a group's type is this, those members must not be there.
  private mutating func checkCondition(_ node: JSONNode, _ condition: JSONValue, _ pointer: String) {
    guard let test = condition["if"]?["properties"]?["type"]?["const"]?.string, node["type"]?.string == test,
      let banned = condition["then"]?["not"]
    else { return }
    let names = ([banned] + (banned["anyOf"]?.array ?? [])).flatMap { $0["required"]?.array ?? [] }.compactMap(\.string)
    for (name, value) in node.members where value.kind != .null && names.contains(name.string ?? "") {
      let text = name.string ?? ""
      report(
        name, JSONPointer.appending(text, to: pointer),
        "a group of type \"\(test)\" cannot have \"\(text)\"", "Remove it, or give the group another type")
    }
  }
}
