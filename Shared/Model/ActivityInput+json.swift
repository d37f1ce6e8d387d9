import JSON

extension ActivityInput {
  /// Names that callers cannot set: ignored on input (feeds F6), since clients send back whole activities as read.
  public static let reservedNames: Set<String> = [
    "id", "origin", "duration", "score", "score_vars", "analytics", "extra_context", "activity", "activity_id",
    "is_read",
    "is_seen", "site_id", "latest_reactions", "latest_reactions_extra", "own_reactions", "own_reactions_extra",
    "reaction_counts",
  ]

  /// Reads one activity from its JSON (feeds 2.3, F5, F6, F8, T3, T8, L19).
  ///
  /// - Parameters:
  ///   - feed: the feed it is added to, dropped from its own `to`.
  ///   - defaultActor: stands in for a missing `actor` (feeds P20).
  /// - Throws: `ActivityInputError` that names every wrong field.
  public init(
    json node: JSONNode, feed: FeedID? = nil, defaultActor: String? = nil, limits: ActivityLimits = ActivityLimits()
  ) throws(ActivityInputError) {
    // An empty list counts as an empty object (feeds C5).
    guard node.kind == .object || node.kind == .array && node.count == 0 else {
      throw ActivityInputError(refusal: "an activity must be an object")
    }
    guard node.raw.count <= limits.jsonBytesMax else {
      throw ActivityInputError(
        refusal: "an activity may have at most \(limits.jsonBytesMax) bytes of JSON, this one has \(node.raw.count)")
    }
    var reader = ActivityReader(feed: feed, limits: limits)
    for (name, value) in node.members { reader.read(name, value) }
    self = try reader.finish(defaultActor: defaultActor)
  }
}

/// Gathers the members of one activity and all that is wrong with them.
private struct ActivityReader {
  let feed: FeedID?
  let limits: ActivityLimits
  var actor: String?
  var verb: String?
  var object: String?
  var target: String?
  var foreignID: String?
  var time: ActivityTime?
  var to: [FeedID] = []
  var customMembers: [UInt8] = []
  var custom: [(name: JSONNode, value: JSONNode)] = []
  var errors: [ActivityInputError.Field] = []

  init(feed: FeedID?, limits: ActivityLimits) {
    self.feed = feed
    self.limits = limits
  }

  mutating func read(_ name: JSONNode, _ value: JSONNode) {
    if name.equals("actor") {
      actor = text("actor", value, limits.referenceCharactersMax)
    } else if name.equals("verb") {
      verb = text("verb", value, limits.verbCharactersMax)
    } else if name.equals("object") {
      object = text("object", value, limits.referenceCharactersMax)
    } else if name.equals("target") {
      target = text("target", value, limits.referenceCharactersMax)
    } else if name.equals("foreign_id") {
      foreignID = text("foreign_id", value, limits.referenceCharactersMax)
    } else if name.equals("time") {
      readTime(value)
    } else if name.equals("to") {
      readTargets(value)
    } else if !ActivityInput.reservedNames.contains(name.string ?? "") {
      customMembers.append(UInt8(ascii: ","))
      customMembers.append(contentsOf: name.raw)
      customMembers.append(UInt8(ascii: ":"))
      customMembers.append(contentsOf: value.raw)
      custom.append((name, value))
    }
  }

  /// A string, or a number as its text (F5, T8); `nil` for `null`, which counts as absent.
  private mutating func text(_ field: String, _ value: JSONNode, _ charactersMax: Int) -> String? {
    let text: String
    switch value.kind {
    case .null: return nil
    case .string: text = value.string ?? ""
    case .number: text = value.numberText ?? ""
    case .true, .false, .array, .object:
      errors.append(.init(field, "must be a string or a number"))
      return ""
    }
    if text.unicodeScalars.count > charactersMax {
      errors.append(.init(field, "must have at most \(charactersMax) characters"))
    }
    return text
  }

  private mutating func readTime(_ value: JSONNode) {
    if value.kind == .null { return }
    time = value.utf8.flatMap { ActivityTime(utf8: $0) }
    if time == nil {
      errors.append(.init("time", "must be an ISO 8601 date-time such as 2026-11-21T10:00:00.123456"))
    }
  }

  /// Items are `slug:id` or `slug:id token`; the token is dropped (F8, A12).
  private mutating func readTargets(_ value: JSONNode) {
    guard value.kind == .array else {
      errors.append(.init("to", "must be a list of feeds such as \"user:1\""))
      return
    }
    var seen: Set<FeedID> = []
    for (index, item) in value.elements.enumerated() {
      guard let target = FeedID(target: item) else {
        errors.append(.init("to[\(index)]", "must be a feed such as \"user:1\", or \"user:1 token\""))
        continue
      }
      if target != feed, seen.insert(target).inserted { to.append(target) }
    }
  }

  mutating func finish(defaultActor: String?) throws(ActivityInputError) -> ActivityInput {
    actor = actor ?? defaultActor
    for (field, value) in [("actor", actor), ("verb", verb), ("object", object)] {
      if errors.contains(where: { $0.path == field }) { continue }
      guard let value else {
        errors.append(.init(field, "this field is required"))
        continue
      }
      if value.isEmpty { errors.append(.init(field, "this field may not be empty")) }
    }
    guard errors.isEmpty, let actor, let verb, let object else { throw ActivityInputError(fields: errors) }
    let foreignID = foreignID ?? ""
    var input = ActivityInput(
      actor: actor, verb: verb, object: object, target: target ?? "", foreignID: foreignID, time: time, to: to,
      customMembers: customMembers, idLowBits: 0)
    input.idLowBits =
      foreignID.isEmpty
      ? ActivityInput.idLowBits(ofContent: canonicalContent(of: input))
      : ActivityInput.idLowBits(ofForeignID: foreignID)
    return input
  }

  /// Canonical JSON, sorted keys, of all members but `time`, `to`, `id`, `origin` (T6), as they will be stored.
  private func canonicalContent(of input: ActivityInput) -> [UInt8] {
    var members: [JSONValue.Member] = [
      .init("actor", .string(input.actor)), .init("verb", .string(input.verb)), .init("object", .string(input.object)),
      .init("target", .string(input.target)), .init("foreign_id", .string("")),
    ]
    members += custom.map { .init($0.name.string ?? "", JSONValue($0.value)) }
    return JSONValue.object(members).encoded(sortedNames: true)
  }
}

extension FeedID {
  /// Reads an item of `to`: `slug:id`, or `slug:id token`, whose token is dropped (feeds F8, A12).
  public init?(target node: JSONNode) {
    let words = (node.string ?? "").split(separator: " ", omittingEmptySubsequences: false)
    guard (1...2).contains(words.count), words.count == 1 || !words[1].isEmpty else { return nil }
    self.init(words[0])
  }
}
