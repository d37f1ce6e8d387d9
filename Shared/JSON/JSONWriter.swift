/// Builds JSON text by appending bytes: what is already encoded is spliced in as it is, strings are escaped (RFC 8259).
///
/// It checks no grammar: commas and brackets are the caller's, who writes them as part of the text around the values.
///
/// ```swift
/// var writer = JSONWriter(reserving: 64)
/// writer.splice(#"{"feed_id":"#)
/// writer.string(feed.description)
/// writer.splice("}")
/// ```
public struct JSONWriter: Sendable {
  /// The text so far, UTF-8.
  public var bytes: [UInt8] = []

  public init(reserving capacity: Int = 0) { if capacity > 0 { bytes.reserveCapacity(capacity) } }

  /// Appends encoded JSON as it is.
  public mutating func splice(_ encoded: some Collection<UInt8>) { bytes.append(contentsOf: encoded) }

  /// Appends encoded JSON as it is.
  public mutating func splice(_ encoded: StaticString) {
    bytes.append(contentsOf: UnsafeBufferPointer(start: encoded.utf8Start, count: encoded.utf8CodeUnitCount))
  }

  /// Appends a string with its quotes, escaped.
  public mutating func string(_ text: some StringProtocol) { bytes.appendJSONString(text) }

  /// Appends a string with its quotes, escaped. The bytes must be UTF-8.
  public mutating func string(utf8 text: some Collection<UInt8>) { bytes.appendJSONString(utf8: text) }

  /// Appends an integer.
  public mutating func integer(_ value: some BinaryInteger) { bytes.append(contentsOf: String(value).utf8) }

  /// Appends `true` or `false`.
  public mutating func boolean(_ value: Bool) { value ? splice("true") : splice("false") }
}

extension Array where Element == UInt8 {
  /// Appends `text` as a JSON string with its quotes. Only what must be escaped is: `"`, `\` and control characters.
  public mutating func appendJSONString(_ text: some StringProtocol) { appendJSONString(utf8: text.utf8) }

  /// Appends UTF-8 bytes as a JSON string with its quotes.
  public mutating func appendJSONString(utf8 text: some Collection<UInt8>) {
    append(UInt8(ascii: "\""))
    for byte in text {
      switch byte {
      case UInt8(ascii: "\""):
        append(UInt8(ascii: "\\"))
        append(byte)
      case UInt8(ascii: "\\"):
        append(byte)
        append(byte)
      case 0..<0x20: appendJSONControl(byte)
      default: append(byte)
      }
    }
    append(UInt8(ascii: "\""))
  }

  private mutating func appendJSONControl(_ byte: UInt8) {
    append(UInt8(ascii: "\\"))
    switch byte {
    case 0x08: append(UInt8(ascii: "b"))
    case 0x09: append(UInt8(ascii: "t"))
    case 0x0A: append(UInt8(ascii: "n"))
    case 0x0C: append(UInt8(ascii: "f"))
    case 0x0D: append(UInt8(ascii: "r"))
    default:
      append(contentsOf: "u00".utf8)
      append(byte < 0x10 ? UInt8(ascii: "0") : UInt8(ascii: "1"))
      let digit = byte & 0xF
      append(digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10)
    }
  }
}
