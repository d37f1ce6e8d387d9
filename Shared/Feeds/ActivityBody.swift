import JSON
import Model

/// An activity's JSON without the value of `origin` (feeds F7).
struct ActivityBody: Sendable {
  var bytes: [UInt8]
  var originOffset: Int
  var customOffset: Int

  init(_ input: ActivityInput, id: ActivityID, time: ActivityTime, to: [[UInt8]]) {
    var out = JSONWriter(reserving: 256 + input.customMembers.count)
    out.splice("{\"id\":\"")
    id.append(to: &out.bytes)
    out.splice("\",\"actor\":")
    out.string(input.actor)
    out.splice(",\"verb\":")
    out.string(input.verb)
    out.splice(",\"object\":")
    out.string(input.object)
    out.splice(",\"target\":")
    out.string(input.target)
    out.splice(",\"foreign_id\":")
    out.string(input.foreignID)
    out.splice(",\"time\":\"")
    time.append(to: &out.bytes)
    out.splice("\",\"origin\":")
    originOffset = out.bytes.count
    out.splice(Self.toMember(to))
    customOffset = out.bytes.count
    out.splice(input.customMembers)
    out.splice("}")
    bytes = out.bytes
  }

  /// `,"to":[…]`, or nothing for no feeds.
  static func toMember(_ feeds: [[UInt8]]) -> [UInt8] {
    if feeds.isEmpty { return [] }
    var out = JSONWriter()
    out.splice(",\"to\":[")
    for (index, feed) in feeds.enumerated() {
      if index > 0 { out.splice(",") }
      out.string(utf8: feed)
    }
    out.splice("]")
    return out.bytes
  }
}
