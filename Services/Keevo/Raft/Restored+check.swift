extension Restored {
  func check() throws(RestoreError) {
    var before = base
    for entry in entries {
      guard entry.index == before.index + 1, entry.term >= max(before.term, 1), entry.term < numberMax else {
        throw .brokenLog(index: entry.index)
      }
      before = LogPosition(index: entry.index, term: entry.term)
    }
    guard applied >= base.index, applied <= before.index else {
      throw .appliedOutsideLog(applied: applied, first: base.index + 1, last: before.index)
    }
    let blank = membership.members.isEmpty && applied == 0
    guard blank || membership.isValid else { throw .invalidMembership }
  }

  /// What is known to be committed: what was applied, what the hard state says as far as the log reaches, and every
  /// membership entry but the last one, since the next was proposed only when the one before it had committed.
  var commitIndex: UInt64 {
    let last = base.index + UInt64(entries.count)
    let changes = entries.filter { $0.kind == .membership }
    let proved = changes.count > 1 ? changes[changes.count - 2].index : 0
    return max(applied, min(hardState.commit, last), proved)
  }
}
