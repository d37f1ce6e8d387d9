import KeevoClient

/// What an operator calls a dead letter: `<app>/<partition>/<hexadecimal digits of its key>`.
public struct DeadLetterName: Hashable, Sendable, CustomStringConvertible {
  public var partition: Partition
  public var rest: [UInt8]

  public init(partition: Partition, rest: [UInt8]) {
    self.partition = partition
    self.rest = rest
  }

  /// `nil` if `text` has not that form. A partition's name may hold a slash: the first and the last one count.
  public init?(_ text: String) {
    guard let first = text.firstIndex(of: "/"), let last = text.lastIndex(of: "/"), first < last,
      let app = UInt32(text[..<first])
    else { return nil }
    let name = Array(text[text.index(after: first)..<last].utf8)
    let digits = Array(text[text.index(after: last)...].utf8)
    guard !name.isEmpty, name.allSatisfy({ (0x21...0x7E).contains($0) }), !digits.isEmpty, digits.count % 2 == 0 else {
      return nil
    }
    var rest: [UInt8] = []
    for index in stride(from: 0, to: digits.count, by: 2) {
      let pair = String(decoding: digits[index..<index + 2], as: UTF8.self)
      guard pair.utf8.first != UInt8(ascii: "+"), let byte = UInt8(pair, radix: 16) else { return nil }
      rest.append(byte)
    }
    self.init(partition: Partition(app: app, name: name), rest: rest)
  }

  public var description: String {
    "\(partition.app)/\(String(decoding: partition.name, as: UTF8.self))/\(Self.digits(rest))"
  }

  /// Two hexadecimal digits a byte.
  public static func digits(_ bytes: some Sequence<UInt8>) -> String {
    bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
  }

  var key: RowKey { RowKey(rowClass: .jobs, space: JobID.deadSpace, rest: rest) }
}
