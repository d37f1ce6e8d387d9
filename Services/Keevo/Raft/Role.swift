/// What a replica does in its term. A pre-candidate asks whether it would be elected, a candidate stands.
public enum Role: UInt8, Hashable, Sendable {
  case follower, preCandidate, candidate, leader
}
