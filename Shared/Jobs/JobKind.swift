/// What a job does (B17). A worker leaves kinds it does not know to others; numbers are never given twice.
public struct JobKind: RawRepresentable, Hashable, Sendable {
  public let rawValue: UInt8
  public init(rawValue: UInt8) { self.rawValue = rawValue }

  /// Writes an activity's entries into its feeds and their followers.
  public static let fanOut = JobKind(rawValue: 1)
  /// Makes a follow's edge and copies the target's newest activities.
  public static let copy = JobKind(rawValue: 2)
  /// Collects what a removed placement leaves.
  public static let garbage = JobKind(rawValue: 3)
  /// Ends a follow's edge and collects what it leaves.
  public static let unfollow = JobKind(rawValue: 4)
  public static let firehose = JobKind(rawValue: 5)
  public static let push = JobKind(rawValue: 6)
  public static let webhook = JobKind(rawValue: 7)
  public static let export = JobKind(rawValue: 8)
  public static let convert = JobKind(rawValue: 9)
  /// Brings an entry into the audit log.
  public static let audit = JobKind(rawValue: 20)
  /// Brings what follows from a reaction into step with it: its rows, its target feeds, its children.
  public static let reaction = JobKind(rawValue: 10)
  /// Switches one follow between push and pull.
  public static let relay = JobKind(rawValue: 30)
  /// Switches all followers of a feed, whose number has passed its group's limit.
  public static let reach = JobKind(rawValue: 31)
  /// Switches the follows of readers who have gone or come back.
  public static let idle = JobKind(rawValue: 32)
  /// Parts a feed's followers into one bucket more.
  public static let split = JobKind(rawValue: 33)

  /// Those that have a name.
  public static let named: [JobKind] = [
    .fanOut, .copy, .garbage, .unfollow, .firehose, .push, .webhook, .export, .convert, .audit, .reaction, .relay,
    .reach,
    .idle, .split,
  ]

  /// For metrics, logs and commands.
  public var name: String {
    switch self {
    case .fanOut: "fan-out"
    case .copy: "copy"
    case .garbage: "garbage"
    case .unfollow: "unfollow"
    case .firehose: "firehose"
    case .push: "push"
    case .webhook: "webhook"
    case .export: "export"
    case .convert: "convert"
    case .audit: "audit"
    case .reaction: "reaction"
    case .relay: "relay"
    case .reach: "reach"
    case .idle: "idle"
    case .split: "split"
    default: "kind-\(rawValue)"
    }
  }
}
