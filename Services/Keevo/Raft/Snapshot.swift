/// A state by reference: which entries it stands for, who the members were, and a few bytes by which the driver finds
/// the files. The files themselves never pass through here.
public struct Snapshot: Hashable, Sendable {
  public var index: UInt64
  public var term: UInt64
  public var membership: Membership
  /// Opaque; the driver's way to the files.
  public var reference: [UInt8]

  public static let referenceBytesMax = 4096

  public init(index: UInt64, term: UInt64, membership: Membership, reference: [UInt8] = []) {
    self.index = index
    self.term = term
    self.membership = membership
    self.reference = reference
  }

  var position: LogPosition { LogPosition(index: index, term: term) }
}
