/// Media types of uploads: by the part's header, else by the name (feeds M1).
enum FileType {
  static let unknown = "application/octet-stream"
  static let bytesMax = 128

  private static let known: [(suffix: String, type: String)] = [
    ("jpg", "image/jpeg"), ("jpeg", "image/jpeg"), ("png", "image/png"), ("gif", "image/gif"), ("webp", "image/webp"),
    ("bmp", "image/bmp"), ("svg", "image/svg+xml"), ("ico", "image/x-icon"), ("tiff", "image/tiff"),
    ("heic", "image/heic"), ("avif", "image/avif"), ("txt", "text/plain"), ("csv", "text/csv"), ("md", "text/markdown"),
    ("html", "text/html"), ("htm", "text/html"), ("css", "text/css"), ("js", "text/javascript"), ("xml", "text/xml"),
    ("json", "application/json"), ("pdf", "application/pdf"), ("zip", "application/zip"), ("gz", "application/gzip"),
    ("mp3", "audio/mpeg"), ("m4a", "audio/mp4"), ("ogg", "audio/ogg"), ("wav", "audio/wav"), ("mp4", "video/mp4"),
    ("mov", "video/quicktime"), ("webm", "video/webm"),
    ("docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
    ("xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
  ]

  /// The type to serve a file as: what its sender says, if that is a type and says anything, else by its name's extension.
  static func of(sent: String?, name: String?) -> String {
    if let sent = sent?.lowercased(), isOne(sent), !sent.hasPrefix(unknown), !sent.hasPrefix("multipart/") {
      return sent
    }
    guard let name, let dot = name.lastIndex(of: ".") else { return unknown }
    let suffix = name[name.index(after: dot)...].lowercased()
    return known.first { $0.suffix == suffix }?.type ?? unknown
  }

  /// The extension of a type, without its dot.
  static func suffix(of type: String) -> String? {
    let essence = type.prefix { $0 != ";" && $0 != " " }
    return known.first { $0.type == essence }?.suffix
  }

  /// Types that a browser shows without running anything in them. All others it is told to save.
  static func isShown(_ type: String) -> Bool {
    let essence = type.prefix { $0 != ";" && $0 != " " }
    switch essence {
    case "image/jpeg", "image/png", "image/gif", "image/webp", "image/bmp", "image/avif", "text/plain": return true
    default: return essence.hasPrefix("audio/") || essence.hasPrefix("video/")
    }
  }

  /// `type/subtype`, and perhaps `; charset=…` (RFC 9110 §8.3.1), in plain characters.
  private static func isOne(_ text: String) -> Bool {
    guard text.utf8.count <= bytesMax else { return false }
    return text.wholeMatch(
      of: /[a-z0-9][a-z0-9!#$&^_.+-]*\/[a-z0-9][a-z0-9!#$&^_.+-]*( *; *charset="?[a-z0-9_.:-]+"?)?/) != nil
  }
}
