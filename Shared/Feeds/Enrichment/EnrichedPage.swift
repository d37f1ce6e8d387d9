import JSON
import Model

/// A page on its way to being enriched: what has been found, what is still to be asked for. No I/O.
struct EnrichedPage {
  /// What is asked for at once. Entities and activities are one call of the store, in this order.
  struct Wave: Sendable {
    var entities: [EntityName] = []
    var activities: [ActivityID] = []
    var reactions: [ActivityID] = []
    /// Activities whose members about reactions are wanted.
    var members: [ActivityID] = []
    var isEmpty: Bool { entities.isEmpty && activities.isEmpty && reactions.isEmpty && members.isEmpty }
    fileprivate var references: Int { entities.count + activities.count + reactions.count }
  }

  enum StoredRow: Sendable {
    case missing
    case entity(Entity)
    case activity(StoredActivity)
  }

  private enum Found {
    /// In the wave that is under way.
    case asked
    case missing
    case body([UInt8])
    case text(ReferenceText)
  }

  private let limits: Enrichment.Limits
  private let withMembers: Bool
  private var items: [(id: ActivityID, text: ReferenceText)] = []
  private var found: [Reference.Target: Found] = [:]
  private var members: [ActivityID: ReferenceText] = [:]
  /// Texts whose references are still to be looked at, with the depth of the activity they belong to.
  private var fresh: [(text: ReferenceText, depth: Int)] = []
  /// Activities whose members are still to be asked for.
  private var bare: [ActivityID] = []
  /// The least depth at which each activity stands.
  private var depths: [ActivityID: Int] = [:]
  /// The depth of the activity that names each reaction of the wave under way.
  private var naming: [ActivityID: Int] = [:]
  /// The depth at which each activity of the wave under way will stand.
  private var nesting: [ActivityID: Int] = [:]

  init(_ page: [FeedItem], limits: Enrichment.Limits, withMembers: Bool) throws(JSONError) {
    self.limits = limits
    self.withMembers = withMembers
    for item in page {
      let text = try ReferenceText(item)
      items.append((item.activity.id, text))
      note(activity: item.activity.id, text, depth: 0)
    }
  }

  private mutating func note(activity id: ActivityID, _ text: ReferenceText, depth: Int) {
    fresh.append((text, depth))
    if withMembers, depths[id] == nil { bare.append(id) }
    depths[id] = min(depth, depths[id] ?? depth)
  }

  /// What is to be asked for now; `nil` when all is known.
  mutating func nextWave() -> Wave? {
    var wave = Wave()
    wave.members = bare
    bare = []
    for (text, depth) in fresh {
      for hole in text.holes where found[hole.reference.target] == nil {
        guard wave.references < limits.referencesMax else { break }
        switch hole.reference.target {
        case .entity(let name): wave.entities.append(name)
        case .reaction(let id):
          wave.reactions.append(id)
          naming[id] = depth
        case .activity(let id):
          guard depth < limits.depthMax else { continue }
          wave.activities.append(id)
          nesting[id] = depth + 1
        }
        found[hole.reference.target] = .asked
      }
    }
    fresh = []
    return wave.isEmpty ? nil : wave
  }

  /// Takes what the wave has brought, each part in the order it was asked for.
  mutating func take(
    _ wave: Wave, rows: [StoredRow], reactions: [ReferenceText?], members texts: [ReferenceText]
  ) throws(JSONError) {
    for (name, row) in zip(wave.entities, rows) {
      if case .entity(let entity) = row {
        found[.entity(name)] = .body(entity.body)
      } else {
        found[.entity(name)] = .missing
      }
    }
    for (id, row) in zip(wave.activities, rows.dropFirst(wave.entities.count)) {
      guard case .activity(let activity) = row else {
        found[.activity(id)] = .missing
        continue
      }
      let text = try ReferenceText(FeedItem(activity: activity, origin: nil))
      found[.activity(id)] = .text(text)
      note(activity: id, text, depth: nesting.removeValue(forKey: id) ?? limits.depthMax)
    }
    for (id, text) in zip(wave.reactions, reactions) {
      found[.reaction(id)] = text.map { .text($0) } ?? .missing
      if let text { fresh.append((text, naming.removeValue(forKey: id) ?? limits.depthMax)) }
    }
    for (id, text) in zip(wave.members, texts) {
      members[id] = text
      fresh.append((text, depths[id] ?? limits.depthMax))
    }
  }

  // MARK: Writing

  /// The enriched activities, in order.
  func rendered() -> [[UInt8]] {
    var left = limits.bytesMax
    return items.map { id, text in
      var writer = JSONWriter(reserving: 2 * text.bytes.count)
      write(id, text, depth: 0, left, to: &writer)
      left -= writer.bytes.count
      return writer.bytes
    }
  }

  /// An activity with its members about reactions, which stand last.
  private func write(_ id: ActivityID, _ text: ReferenceText, depth: Int, _ left: Int, to writer: inout JSONWriter) {
    write(text, depth: depth, left, to: &writer)
    guard let members = members[id] else { return }
    writer.bytes.removeLast()
    write(members, depth: depth, left, to: &writer)
    writer.splice("}")
  }

  private func write(_ text: ReferenceText, depth: Int, _ left: Int, to writer: inout JSONWriter) {
    var position = 0
    for hole in text.holes where writer.bytes.count < left {
      guard let found = found[hole.reference.target] else { continue }
      if case .activity = hole.reference.target, depth >= limits.depthMax { continue }
      writer.splice(text.bytes[position..<hole.range.lowerBound])
      position = hole.range.upperBound
      switch found {
      case .asked, .missing: hole.reference.writeMissing(to: &writer)
      case .body(let body): writer.splice(body)
      case .text(let text):
        if case .activity(let id) = hole.reference.target {
          write(id, text, depth: depth + 1, left, to: &writer)
        } else {
          write(text, depth: depth, left, to: &writer)
        }
      }
    }
    writer.splice(text.bytes[position...])
  }
}
