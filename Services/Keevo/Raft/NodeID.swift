/// A replica's name: never zero, never reused. A replica whose disk was lost comes back under a new one, because a
/// voter that forgot its votes and entries under the old name can undo what was promised with it.
public typealias NodeID = UInt64

/// The largest term and the largest index that a message may name. Arithmetic on anything below cannot overflow.
let numberMax: UInt64 = 1 << 62
