extension JSONError {
  /// The member in which the error lies, as a path such as `activities[3].data.name`; empty for the text as a whole.
  ///
  /// - Parameter bytes: the text that was refused. What stands before `offset` is known to be in order.
  public func path(in bytes: [UInt8]) -> String {
    var walk = PathWalk()
    let end = min(offset, bytes.count)
    var position = 0
    while position < end {
      if bytes[position] == UInt8(ascii: "\"") {
        let (after, isWhole) = Self.skipString(bytes, from: position, to: end)
        // A string that the error cuts short is where it lies: a value, whose name is known, or a name, which is not.
        if isWhole { walk.string(bytes[position..<after]) }
        position = after
      } else {
        walk.mark(bytes[position])
        position += 1
      }
    }
    if reason == .duplicateName, position < bytes.count, bytes[position] == UInt8(ascii: "\"") {
      let (after, isWhole) = Self.skipString(bytes, from: position, to: bytes.count)
      if isWhole { walk.string(bytes[position..<after]) }
    }
    return walk.path
  }

  private static func skipString(_ bytes: [UInt8], from start: Int, to end: Int) -> (after: Int, isWhole: Bool) {
    var position = start + 1
    while position < end {
      switch bytes[position] {
      case UInt8(ascii: "\\"): position += 2
      case UInt8(ascii: "\""): return (position + 1, true)
      default: position += 1
      }
    }
    return (end, false)
  }

  /// The open containers on the way to a place.
  private struct PathWalk {
    private enum Level {
      /// The member that is being read; `nil` before its name.
      case object(String?)
      case array(Int)
    }

    private var levels: [Level] = []

    mutating func string(_ quoted: ArraySlice<UInt8>) {
      guard case .object(nil) = levels.last else { return }
      levels[levels.count - 1] = .object(String(decoding: unescapedJSON(quoted.dropFirst().dropLast()), as: UTF8.self))
    }

    mutating func mark(_ byte: UInt8) {
      switch byte {
      case UInt8(ascii: "{"): levels.append(.object(nil))
      case UInt8(ascii: "["): levels.append(.array(0))
      case UInt8(ascii: "}"), UInt8(ascii: "]"): _ = levels.popLast()
      case UInt8(ascii: ","):
        switch levels.last {
        case .object: levels[levels.count - 1] = .object(nil)
        case .array(let index): levels[levels.count - 1] = .array(index + 1)
        case nil: break
        }
      default: break
      }
    }

    var path: String {
      var path = ""
      for level in levels {
        switch level {
        case .object(let name?): path += path.isEmpty ? name : ".\(name)"
        case .object(nil): break
        case .array(let index): path += "[\(index)]"
        }
      }
      return path
    }
  }
}
