import Raft

/// What is compared of a core before and after a step. (A copy of the core itself would make the step copy the log.)
struct CoreView {
  var role: Role
  var term: UInt64
  var commitIndex: UInt64
  var lastIndex: UInt64
  var membership: Membership

  init(_ core: borrowing RaftCore) {
    role = core.role
    term = core.term
    commitIndex = core.commitIndex
    lastIndex = core.lastIndex
    membership = core.membership
  }
}
