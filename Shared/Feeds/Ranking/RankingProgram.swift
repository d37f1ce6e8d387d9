/// A compiled expression: instructions of its top-level summands, one after the other. Its length is bounded by that of
/// the expression, and nothing in it jumps back, so a run costs at most one visit of each instruction.
struct RankingProgram: Hashable, Sendable {
  /// A top-level summand (feeds K11a).
  struct Term: Hashable, Sendable {
    /// As written, with a `-` before it if it is subtracted.
    var text: String
    var isSubtracted: Bool
    var code: Range<Int>
  }

  var terms: [Term]
  var instructions: [RankingInstruction]
  /// Where in the expression each instruction comes from: bytes.
  var places: [Int]
  var variables: [RankingVariable]
  var reactionKinds: [String]
  var analyticsNames: [String]
}
