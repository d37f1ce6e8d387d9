import JSON

extension JSONValue {
  /// Whether both mean the same: order of members and the spelling of numbers do not count.
  func isSame(as other: JSONValue) -> Bool {
    switch (self, other) {
    case (.null, .null): true
    case (.boolean(let a), .boolean(let b)): a == b
    case (.string(let a), .string(let b)): a == b
    case (.number(let a), .number(let b)): a == b || sameNumber(a, b)
    case (.array(let a), .array(let b)): a.count == b.count && zip(a, b).allSatisfy { $0.isSame(as: $1) }
    case (.object(let a), .object(let b)):
      a.count == b.count && a.allSatisfy { member in other[member.name]?.isSame(as: member.value) ?? false }
    default: false
    }
  }

  /// Without members that are null, at any depth, lists included; elements that are null stay.
  var withoutNulls: JSONValue {
    switch self {
    case .object(let members):
      .object(members.filter { $0.value != .null }.map { Member($0.name, $0.value.withoutNulls) })
    case .array(let elements): .array(elements.map(\.withoutNulls))
    default: self
    }
  }
}

private func sameNumber(_ a: String, _ b: String) -> Bool {
  if let a = Int(a), let b = Int(b) { return a == b }
  guard let a = Double(a), let b = Double(b) else { return false }
  return a == b
}
