/// The text of a string's content (without quotes) whose escapes have been checked by the scanner.
func unescapedJSON(_ content: some Collection<UInt8>) -> [UInt8] {
  var out: [UInt8] = []
  out.reserveCapacity(content.count)
  var highSurrogate: UInt32 = 0
  var iterator = content.makeIterator()
  while let byte = iterator.next() {
    guard byte == UInt8(ascii: "\\"), let escape = iterator.next() else {
      out.append(byte)
      continue
    }
    switch escape {
    case UInt8(ascii: "b"): out.append(0x08)
    case UInt8(ascii: "t"): out.append(0x09)
    case UInt8(ascii: "n"): out.append(0x0A)
    case UInt8(ascii: "f"): out.append(0x0C)
    case UInt8(ascii: "r"): out.append(0x0D)
    case UInt8(ascii: "u"):
      var unit: UInt32 = 0
      for _ in 0..<4 { unit = unit << 4 | UInt32(iterator.next().flatMap(hexDigit) ?? 0) }
      if unit & 0xFC00 == 0xD800 {
        highSurrogate = unit
      } else if unit & 0xFC00 == 0xDC00 {
        appendUTF8(0x10000 + (highSurrogate & 0x3FF) << 10 + unit & 0x3FF, to: &out)
      } else {
        appendUTF8(unit, to: &out)
      }
    default: out.append(escape)
    }
  }
  return out
}

private func appendUTF8(_ scalar: UInt32, to out: inout [UInt8]) {
  func continuation(_ shift: UInt32) -> UInt8 { 0x80 | UInt8(truncatingIfNeeded: scalar >> shift) & 0x3F }
  switch scalar {
  case ..<0x80: out.append(UInt8(truncatingIfNeeded: scalar))
  case ..<0x800: out += [0xC0 | UInt8(truncatingIfNeeded: scalar >> 6), continuation(0)]
  case ..<0x10000: out += [0xE0 | UInt8(truncatingIfNeeded: scalar >> 12), continuation(6), continuation(0)]
  default:
    out += [0xF0 | UInt8(truncatingIfNeeded: scalar >> 18), continuation(12), continuation(6), continuation(0)]
  }
}

func hexDigit(_ byte: UInt8) -> UInt8? {
  switch byte {
  case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
  case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
  case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
  default: nil
  }
}
