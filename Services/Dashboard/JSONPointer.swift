/// JSON pointers (RFC 6901), made by appending.
enum JSONPointer {
  static func appending(_ name: String, to pointer: String) -> String {
    var out = pointer + "/"
    for character in name.unicodeScalars {
      switch character {
      case "~": out += "~0"
      case "/": out += "~1"
      default: out.unicodeScalars.append(character)
      }
    }
    return out
  }

  static func appending(_ index: Int, to pointer: String) -> String { "\(pointer)/\(index)" }
}
