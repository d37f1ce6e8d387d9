/// One activity as a caller gave it: checked, but not yet placed in a feed (feeds 2.3).
public struct ActivityInput: Sendable {
  public var actor: String
  public var verb: String
  public var object: String
  public var target: String
  public var foreignID: String
  /// `nil`: the server gives it.
  public var time: ActivityTime?
  /// `to` targets in the order sent, without duplicates.
  public var to: [FeedID]
  /// The custom members in the order sent, as JSON text, each with a comma before it: `,"a":1,"b":[2]`. Empty without any.
  public var customMembers: [UInt8]
  /// The 62 low bits of the id (feeds T2): of the foreign id, or without one of the canonical content (T6).
  public var idLowBits: UInt64

  public init(
    actor: String, verb: String, object: String, target: String = "", foreignID: String = "",
    time: ActivityTime? = nil, to: [FeedID] = [], customMembers: [UInt8] = [], idLowBits: UInt64
  ) {
    self.actor = actor
    self.verb = verb
    self.object = object
    self.target = target
    self.foreignID = foreignID
    self.time = time
    self.to = to
    self.customMembers = customMembers
    self.idLowBits = idLowBits
  }

  /// The id it has at `time`: version 1, variant bits `10`.
  public func id(at time: ActivityTime) -> ActivityID {
    ActivityID(ticks: time.ticks, low: 0x8000_0000_0000_0000 | idLowBits & 0x3FFF_FFFF_FFFF_FFFF)
  }
}
