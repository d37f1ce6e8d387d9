/// What a step asks of the driver. The parts are independent but for two rules: a message with `afterWrite` leaves only
/// when that write is durable, and writes are done in the order of their numbers.
public struct Ready: Sendable {
  public var write: Write?
  public var messages: [Outgoing] = []
  /// Entries that are committed and durable here, to be applied in order; `RaftCore.entries(in:)` has them.
  public var committed: Range<UInt64> = 0..<0
  public var reads: [ReadState] = []
  /// Fetch these files in the background, in place of any fetch under way; then `fetched`.
  public var fetch: Snapshot?
  /// Members that changed with this step.
  public var membership: Membership?
  /// Set when role or leader changed.
  public var softState: SoftState?
  /// Where a proposal or a change was appended.
  public var appended: Range<UInt64>?
  public var refused: Refusal?
  public var ignored: IgnoredMessage?

  /// To be made durable: first `install`, then `hardState`, then `entries`, which replace whatever the log holds from the
  /// first one's index on.
  public struct Write: Sendable {
    public var number: UInt64
    /// Put the fetched state in place; the log starts anew after it.
    public var install: Snapshot?
    public var hardState: HardState?
    public var entries: [Entry] = []
  }

  public struct Outgoing: Hashable, Sendable {
    public var message: Message
    /// The write that must be durable before the message leaves; `nil` if it may leave at once.
    public var afterWrite: UInt64?
  }
}
