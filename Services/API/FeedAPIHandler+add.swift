import Auth
import Feeds
import JSON
import Model

extension FeedAPIHandler {
  /// `POST feed/{slug}/{id}/`: one activity, or a list in `activities` (feeds 2.3).
  func add(
    _ context: RequestContext, _ document: JSONDocument
  ) async throws(APIError) -> APIAnswer {
    let (feed, group) = try context.feed()
    let list = document.root["activities"]
    var inputs: [ActivityInput]
    if let list {
      inputs = try activities(list, context, feed)
    } else {
      inputs = [try activity(document.root, context, feed)]
    }
    try checkTargets(inputs, context, isBatch: list != nil)
    try context.authorize { identity throws(AuthError) in
      try Authorizer.check(identity, .write, feed: feed, group: group)
      for input in inputs {
        try Authorizer.checkActor(identity, actor: input.actor)
        for target in input.to {
          guard let targetGroup = context.app.groups[target.group] else { continue }
          try Authorizer.check(identity, .target, feed: target, group: targetGroup)
        }
      }
    }
    if let times = context.times {
      for (index, time) in zip(inputs.indices, times) where inputs[index].time == nil { inputs[index].time = time }
    }
    let stored: [StoredActivity]
    do {
      stored = try await feeds.add(inputs, to: feed, context.change)
    } catch { throw failed(error, context) }
    guard stored.count == inputs.count else {
      logger.error("an add gave too few activities", [("asked", "\(inputs.count)"), ("got", "\(stored.count)")])
      throw .failure("the activities were stored, but could not be read back")
    }
    return APIAnswer(status: 201, open: openBody(stored, isBatch: list != nil))
  }

  /// One activity is the body itself; several lie in `activities`.
  func openBody(_ stored: [StoredActivity], isBatch: Bool) -> [UInt8] {
    var writer = JSONWriter(reserving: stored.reduce(32) { $0 + $1.body.count + 80 })
    if !isBatch, let only = stored.first {
      PageWriter.write(only, origin: nil, to: &writer)
      writer.bytes.removeLast()
      return writer.bytes
    }
    writer.splice(#"{"activities":["#)
    for (index, activity) in stored.enumerated() {
      if index > 0 { writer.splice(",") }
      PageWriter.write(activity, origin: nil, to: &writer)
    }
    writer.splice("]")
    return writer.bytes
  }

  // MARK: Reading the body

  private func input(
    _ node: JSONNode, _ context: RequestContext, _ feed: FeedID?
  ) throws(ActivityInputError) -> ActivityInput {
    var defaultActor: String?
    if case .user(let user) = context.identity { defaultActor = "SU:\(user)" }
    return try ActivityInput(json: node, feed: feed, defaultActor: defaultActor, limits: limits.activity)
  }

  func activity(
    _ node: JSONNode, _ context: RequestContext, _ feed: FeedID?
  ) throws(APIError) -> ActivityInput {
    do { return try input(node, context, feed) } catch { throw Self.refusal(error) }
  }

  /// What is wrong with one activity as an answer.
  static func refusal(_ error: ActivityInputError) -> APIError {
    if let refusal = error.refusal { return .input(refusal) }
    let fields = fields(error)
    return .input("Errors for fields \(names(fields))", fields: .one(fields))
  }

  func activities(
    _ list: JSONNode, _ context: RequestContext, _ feed: FeedID?, max: Int? = nil,
    _ check: (ActivityInput) -> [ActivityInputError.Field] = { _ in [] }
  ) throws(APIError) -> [ActivityInput] {
    guard list.kind == .array else { throw Self.fieldError("activities", "must be a list of activities") }
    guard list.count > 0 else { throw Self.fieldError("activities", "this list may not be empty") }
    let most = max ?? limits.activitiesPerAddMax
    guard list.count <= most else {
      throw .input("a request may hold at most \(most) activities, this one has \(list.count)")
    }
    var inputs: [ActivityInput] = []
    var wrong: [[APIError.Field]] = []
    for (index, node) in list.elements.enumerated() {
      do {
        inputs.append(try input(node, context, feed))
        wrong.append(Self.fields(ActivityInputError(fields: check(inputs[inputs.count - 1]))))
      } catch {
        if let refusal = error.refusal { throw .input("activities[\(index)]: \(refusal)") }
        wrong.append(Self.fields(error))
      }
    }
    guard let first = wrong.firstIndex(where: { !$0.isEmpty }) else { return inputs }
    throw .input("Errors for fields \(Self.names(wrong[first])) in activities[\(first)]", fields: .batch(wrong))
  }

  /// Targets must lie in groups that exist (400/4, feeds F8), and be few enough (L8).
  func checkTargets(
    _ inputs: [ActivityInput], _ context: RequestContext, isBatch: Bool
  ) throws(APIError) {
    let count = inputs.reduce(0) { $0 + $1.to.count }
    guard count <= limits.targetsMax else {
      throw .input("a request may name at most \(limits.targetsMax) feeds in to, this one has \(count)")
    }
    for (index, input) in inputs.enumerated() {
      for target in input.to {
        guard context.app.groups[target.group] != nil else {
          let field = APIError.Field(name: "to", messages: ["the feed group \(target.group) does not exist"])
          guard isBatch else { throw .input("Errors for fields 'to'", fields: .one([field])) }
          throw .input(
            "Errors for fields 'to' in activities[\(index)]",
            fields: .batch(inputs.indices.map { $0 == index ? [field] : [] }))
        }
      }
    }
  }

  // MARK: Errors of fields

  static func fieldError(_ name: String, _ message: String) -> APIError {
    .input("Errors for fields '\(name)'", fields: .one([APIError.Field(name: name, messages: [message])]))
  }

  /// Errors by member: what concerns an item of a list stands under the list's name.
  static func fields(_ error: ActivityInputError) -> [APIError.Field] {
    var fields: [APIError.Field] = []
    for field in error.fields {
      let name = String(field.path.prefix { $0 != "[" })
      let message = name == field.path ? field.message : "\(field.path) \(field.message)"
      if let index = fields.firstIndex(where: { $0.name == name }) {
        fields[index].messages.append(message)
      } else {
        fields.append(APIError.Field(name: name, messages: [message]))
      }
    }
    return fields
  }

  static func names(_ fields: [APIError.Field]) -> String {
    fields.map { "'\($0.name)'" }.joined(separator: ", ")
  }
}
