import Feeds
import JSON

/// The objects of an upsert: what is stored, and the answer that echoes them (feeds O8).
struct ObjectBatch {
  /// An item with its id as a string: that is what is stored, as the object's data.
  struct Item {
    var id: String
    var bytes: [UInt8]

    /// `nil` if its id is neither a string nor a whole number. Without an id it gets `newID`, as its last member.
    init?(_ node: JSONNode, newID: String) {
      guard let given = node["id"], given.kind != .null else {
        id = newID
        bytes = Self.with(newID, in: node)
        return
      }
      if let text = given.string {
        id = text
        bytes = Array(node.raw)
      } else if let number = given.integer {
        id = String(number)
        bytes = Self.replacing(given, by: id, in: node)
      } else {
        return nil
      }
    }

    private static func with(_ id: String, in node: JSONNode) -> [UInt8] {
      if let null = node["id"] { return replacing(null, by: id, in: node) }
      var writer = JSONWriter(reserving: node.raw.count + 48)
      writer.splice(node.raw.dropLast())
      writer.splice(node.count == 0 ? #""id":"# : #","id":"#)
      writer.string(id)
      writer.splice("}")
      return writer.bytes
    }

    private static func replacing(_ value: JSONNode, by id: String, in node: JSONNode) -> [UInt8] {
      var writer = JSONWriter(reserving: node.raw.count + 48)
      writer.splice(node.raw[..<value.range.lowerBound])
      writer.string(id)
      writer.splice(node.raw[value.range.upperBound...])
      return writer.bytes
    }
  }

  /// Each object once: named twice, the last counts.
  private(set) var items: [(name: EntityName, data: [UInt8])] = []
  private var places: [EntityName: Int] = [:]
  private var text = JSONWriter()
  private var isFirst = true

  init() { text.splice(#"{"data":{"#) }

  /// Begins a collection; its name as sent, with quotes.
  mutating func begin(_ name: ArraySlice<UInt8>) {
    if text.bytes.last == UInt8(ascii: "]") { text.splice(",") }
    text.splice(name)
    text.splice(":[")
    isFirst = true
  }

  mutating func add(_ name: EntityName, _ data: [UInt8]) {
    if !isFirst { text.splice(",") }
    isFirst = false
    text.splice(data)
    if let place = places[name] {
      items[place].data = data
    } else {
      places[name] = items.count
      items.append((name, data))
    }
  }

  mutating func end() { text.splice("]") }

  /// The open body of the answer.
  func echo() -> [UInt8] { text.bytes + [UInt8(ascii: "}")] }
}
