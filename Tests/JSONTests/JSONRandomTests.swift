import JSON
import Testing

/// Seeded random documents: what we write we read, and no mutation of the bytes gets past the checks or crashes them.
@Suite struct JSONRandomTests {
  struct Random: RandomNumberGenerator {
    var state: UInt64
    /// SplitMix64 (Steele, Lea, Flood 2014).
    mutating func next() -> UInt64 {
      state &+= 0x9E37_79B9_7F4A_7C15
      var z = state
      z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
      z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
      return z ^ (z >> 31)
    }
  }

  private func text(_ random: inout Random) -> String {
    let alphabet: [Character] = ["a", "b", "\"", "\\", "\n", "\u{1}", "é", "€", "😀", "/", " ", "\u{7f}", "0"]
    return String(
      (0..<Int.random(in: 0...20, using: &random)).map { _ in alphabet.randomElement(using: &random) ?? "a" })
  }

  private func value(_ random: inout Random, depth: Int) -> JSONValue {
    switch Int.random(in: 0..<(depth == 0 ? 4 : 6), using: &random) {
    case 0: return .null
    case 1: return .boolean(Bool.random(using: &random))
    case 2: return .number(["0", "-1", "0.50", "1e400", "98765432109876543210"].randomElement(using: &random) ?? "0")
    case 3: return .string(text(&random))
    case 4: return .array((0..<Int.random(in: 0...4, using: &random)).map { _ in value(&random, depth: depth - 1) })
    default:
      return .object(
        (0..<Int.random(in: 0...20, using: &random)).map {
          .init("\($0)" + text(&random), value(&random, depth: depth - 1))
        })
    }
  }

  @Test(arguments: 1...200 as ClosedRange<UInt64>)
  func whatIsWrittenIsRead(seed: UInt64) throws {
    var random = Random(state: seed)
    let value = value(&random, depth: 4)
    #expect(try JSONValue(parsing: value.encoded()) == value, "seed \(seed)")
  }

  @Test(arguments: 1...200 as ClosedRange<UInt64>)
  func mutatedBytesAreRefusedOrReadTheSameTwice(seed: UInt64) throws {
    var random = Random(state: seed)
    let original = value(&random, depth: 4).encoded()
    for _ in 0..<50 {
      var bytes = original
      for _ in 0...Int.random(in: 0...2, using: &random) where !bytes.isEmpty {
        let index = Int.random(in: 0..<bytes.count, using: &random)
        switch Int.random(in: 0..<3, using: &random) {
        case 0: bytes[index] = UInt8.random(in: 0...255, using: &random)
        case 1: bytes.remove(at: index)
        default: bytes.insert([0x22, 0x5C, 0x7B, 0x5D, 0x2C, 0xFF].randomElement(using: &random) ?? 0, at: index)
        }
      }
      guard let value = try? JSONValue(parsing: bytes) else { continue }
      #expect(String(validating: bytes, as: UTF8.self) != nil, "seed \(seed): accepted bytes that are not UTF-8")
      #expect(try JSONValue(parsing: value.encoded()) == value, "seed \(seed)")
    }
  }
}
