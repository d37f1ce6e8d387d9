import JSON
import Model

/// An activity as formats see it (feeds J3), read from its stored body once for all feeds it enters.
struct AggregationSubject: Sendable {
  let id: ActivityID
  let time: ActivityTime
  private let document: JSONDocument

  /// - Throws: `JSONError` if the stored body is damaged.
  init(_ activity: StoredActivity) throws(JSONError) {
    id = activity.id
    time = ActivityTime(ticks: activity.id.ticks)
    var bytes = Array(activity.body[..<activity.originOffset])
    bytes += "null".utf8
    bytes += activity.body[activity.originOffset...]
    document = try JSONDocument(bytes)
  }

  /// The actor as stored.
  var actor: String { document.root["actor"]?.string ?? "" }

  /// A member of the activity; `to` and `origin` are none: they depend on who looks.
  func value(_ name: String) -> FormatValue {
    if name == "to" || name == "origin" { return .undefined }
    return document.root.members.first { $0.name.string == name }.map { FormatValue($0.value) } ?? .undefined
  }
}

extension FormatValue {
  /// A value of JSON; its depth is bounded by the document's limits.
  init(_ node: JSONNode) {
    switch node.kind {
    case .null: self = .none
    case .true: self = .boolean(true)
    case .false: self = .boolean(false)
    case .string: self = .string(node.string ?? "")
    case .array: self = .list(node.elements.map { FormatValue($0) })
    case .object:
      self = .object(node.members.map { Member(name: $0.name.string ?? "", value: FormatValue($0.value)) })
    case .number:
      let text = node.numberText ?? ""
      if let number = Int64(text) {
        self = .integer(number)
      } else if text.utf8.allSatisfy({ $0 == UInt8(ascii: "-") || (0x30...0x39).contains($0) }) {
        self = .bigInteger(text)
      } else {
        self = .real(Double(text) ?? 0)
      }
    }
  }
}
