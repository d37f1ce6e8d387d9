/// What bytes are, by their first ones (feeds M3).
enum ImageFormat: String, Hashable, Sendable, CaseIterable {
  case jpeg = "image/jpeg"
  case png = "image/png"
  case gif = "image/gif"
  case webp = "image/webp"
  case bmp = "image/bmp"

  var contentType: String { rawValue }

  /// What its derived images are: bitmaps become PNG.
  var derived: ImageFormat { self == .bmp ? .png : self }

  /// `nil` for what is none of these.
  init?(sniffing bytes: some Collection<UInt8>) {
    guard let found = Self(rawValue: Self.type(of: bytes)) else { return nil }
    self = found
  }

  /// The media type that the first bytes tell; `application/octet-stream` for those of no known kind.
  static func type(of bytes: some Collection<UInt8>) -> String {
    let head = Array(bytes.prefix(16))
    func has(_ text: String, at offset: Int = 0) -> Bool {
      let wanted = Array(text.utf8)
      return head.count >= offset + wanted.count && head[offset..<offset + wanted.count].elementsEqual(wanted)
    }
    if head.starts(with: [0xFF, 0xD8, 0xFF]) { return "image/jpeg" }
    if head.starts(with: [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]) { return "image/png" }
    if has("GIF87a") || has("GIF89a") { return "image/gif" }
    if has("RIFF"), has("WEBP", at: 8) { return "image/webp" }
    if has("BM"), bytes.count >= 26, head.count >= 10, head[6..<10].allSatisfy({ $0 == 0 }) { return "image/bmp" }
    if has("II*\0") || has("MM\0*") { return "image/tiff" }
    if has("ftypheic", at: 4) || has("ftypmif1", at: 4) { return "image/heic" }
    if has("ftypavif", at: 4) { return "image/avif" }
    if has("ftyp", at: 4) { return "video/mp4" }
    if has("%PDF-") { return "application/pdf" }
    if head.starts(with: [0x50, 0x4B, 0x03, 0x04]) { return "application/zip" }
    if head.starts(with: [0x1F, 0x8B]) { return "application/gzip" }
    return FileType.unknown
  }
}
