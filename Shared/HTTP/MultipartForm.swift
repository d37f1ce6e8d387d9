import Glibc

/// A form as browsers and SDKs send files in it (RFC 7578; framing of RFC 2046 §5.1). Contents are not copied: a part names
/// its bytes in the body.
///
///     let form = try MultipartForm(request.body, contentType: request.header("Content-Type") ?? "")
///     let file = form.parts.first { $0.name == "file" }
///
/// Strict: lines end in CRLF, nothing comes before the first delimiter, header fields are not folded, and the closing
/// delimiter must be there. What follows it is ignored, as RFC 2046 says.
public struct MultipartForm: Sendable {
  public struct Limits: Hashable, Sendable {
    public var partsMax = 20
    /// Of all header fields of one part.
    public var partHeaderBytesMax = 8 << 10
    public init() {}
  }

  public struct Part: Hashable, Sendable {
    public var name: String
    /// As sent; it may hold anything, slashes too.
    public var fileName: String?
    public var contentType: String?
    /// Where its content lies in the body.
    public var content: Range<Int>
  }

  /// In the order of the body.
  public let parts: [Part]

  public init(_ body: [UInt8], contentType: String, limits: Limits = Limits()) throws(MultipartError) {
    guard let boundary = Self.boundary(contentType) else { throw .notMultipart }
    let result = body.withUnsafeBytes { bytes -> Result<[Part], MultipartError> in
      Result { () throws(MultipartError) in
        var reader = MultipartReader(bytes: bytes, boundary: boundary, limits: limits)
        return try reader.parts()
      }
    }
    parts = try result.get()
  }

  /// 1 to 70 characters of RFC 2046's `bchars`.
  static func boundary(_ contentType: String) -> [UInt8]? {
    guard let field = ParameterField(contentType), field.value.lowercased() == "multipart/form-data",
      let boundary = field.parameters["boundary"].map({ Array($0.utf8) }), (1...70).contains(boundary.count),
      boundary.allSatisfy(isBoundaryByte), boundary.last != 0x20
    else { return nil }
    return boundary
  }

  private static func isBoundaryByte(_ byte: UInt8) -> Bool {
    switch byte {
    case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
    default: "'()+_,-./:=? ".utf8.contains(byte)
    }
  }
}

/// Finds the parts of a body. The pointer is used during `MultipartForm.init` only, inside the closure that lends it.
private struct MultipartReader {
  let bytes: UnsafeRawBufferPointer
  let delimiter: [UInt8]
  let limits: MultipartForm.Limits
  private var offset = 0

  init(bytes: UnsafeRawBufferPointer, boundary: [UInt8], limits: MultipartForm.Limits) {
    self.bytes = bytes
    delimiter = Array("\r\n--".utf8) + boundary
    self.limits = limits
  }

  mutating func parts() throws(MultipartError) -> [MultipartForm.Part] {
    // The first delimiter has no line before it.
    let first = delimiter.dropFirst(2)
    guard bytes.count >= first.count, bytes.prefix(first.count).elementsEqual(first) else {
      throw .malformed(offset: 0, reason: "the form does not begin with its boundary")
    }
    offset = first.count
    var parts: [MultipartForm.Part] = []
    while try hasPart() {
      if parts.count == limits.partsMax { throw .tooManyParts(limit: limits.partsMax) }
      parts.append(try part())
    }
    return parts
  }

  /// After a delimiter: whether another part follows.
  private mutating func hasPart() throws(MultipartError) -> Bool {
    if bytes.count - offset >= 2, bytes[offset] == 0x2D, bytes[offset + 1] == 0x2D { return false }
    while offset < bytes.count, bytes[offset] == 0x20 || bytes[offset] == 0x09 { offset += 1 }
    guard bytes.count - offset >= 2, bytes[offset] == 0x0D, bytes[offset + 1] == 0x0A else {
      throw .malformed(offset: offset, reason: "a boundary is followed by neither a line's end nor --")
    }
    offset += 2
    return true
  }

  private mutating func part() throws(MultipartError) -> MultipartForm.Part {
    let start = offset
    var disposition: ParameterField?
    var contentType: String?
    while let line = try headerLine(since: start) {
      guard let colon = line.firstIndex(of: 0x3A), colon > line.startIndex,
        line[..<colon].allSatisfy({ CharacterClass.token.contains($0) })
      else { throw .malformed(offset: line.startIndex, reason: "this is no header field") }
      let name = String(decoding: line[..<colon], as: UTF8.self).lowercased()
      guard let value = String(validating: line[(colon + 1)...], as: UTF8.self).map(ParameterField.trimmed) else {
        throw .malformed(offset: colon + 1, reason: "the header field is not UTF-8")
      }
      switch name {
      case "content-disposition":
        guard disposition == nil, let field = ParameterField(value), field.value.lowercased() == "form-data" else {
          throw .malformed(offset: line.startIndex, reason: "a part has one Content-Disposition, which is form-data")
        }
        disposition = field
      case "content-type": contentType = value
      default: break
      }
    }
    guard let disposition, let name = disposition.parameters["name"] else {
      throw .malformed(offset: start, reason: "the part has no Content-Disposition with a name")
    }
    let content = try contentRange()
    return MultipartForm.Part(
      name: name,
      fileName: disposition.parameters["filename"]
        ?? disposition.parameters["filename*"].flatMap(ParameterField.extendedValue),
      contentType: contentType, content: content)
  }

  /// A header line without its end, as the bytes' own indices; `nil` for the empty line that ends them.
  private mutating func headerLine(since start: Int) throws(MultipartError) -> Slice<UnsafeRawBufferPointer>? {
    let limit = min(bytes.count, start + limits.partHeaderBytesMax + 2)
    var end = offset
    while end < limit, bytes[end] != 0x0D {
      guard isFieldValueByte(bytes[end]) else {
        throw .malformed(offset: end, reason: "a header field holds a control character")
      }
      end += 1
    }
    guard end + 1 < limit else {
      if limit < bytes.count { throw .partHeadersTooLarge(limit: limits.partHeaderBytesMax) }
      throw .malformed(offset: bytes.count, reason: "the form ends within the header fields of a part")
    }
    guard bytes[end + 1] == 0x0A else { throw .malformed(offset: end, reason: "a header line does not end in CRLF") }
    defer { offset = end + 2 }
    return end == offset ? nil : bytes[offset..<end]
  }

  /// The content from here up to the next delimiter, which is passed.
  private mutating func contentRange() throws(MultipartError) -> Range<Int> {
    // An empty content's delimiter begins with the line end that ended the header fields.
    var end = offset - 2
    while true {
      guard end < bytes.count, let base = bytes.baseAddress,
        let found = memchr(base + end, 0x0D, bytes.count - end)
      else { throw .malformed(offset: bytes.count, reason: "the form ends without its closing boundary") }
      end = UnsafeRawPointer(found) - base
      if bytes.count - end >= delimiter.count, bytes[end..<end + delimiter.count].elementsEqual(delimiter) { break }
      end += 1
    }
    let start = offset
    offset = end + delimiter.count
    return start..<max(start, end)
  }
}
