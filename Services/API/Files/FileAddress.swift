import Feeds
import HTTP
import Model

/// The address of an upload: `/files/<app>/<id>/<name>` (feeds M1).
struct FileAddress: Hashable, Sendable {
  let app: AppID
  let id: UploadID
  let name: String

  init(app: AppID, id: UploadID, name: String) {
    self.app = app
    self.id = id
    self.name = name
  }

  static let prefix = "/files/"

  var path: String { "\(Self.prefix)\(app)/\(id)/\(name)" }

  /// Reads a path as sent. `nil` for any other path.
  init?(path: String) {
    var segments: [String] = []
    for segment in path.split(separator: "/") {
      guard let text = PercentEncoding.decode(segment.utf8) else { return nil }
      segments.append(text)
    }
    guard segments.count == 4, segments[0] == "files", let app = UInt32(segments[1]), "\(app)" == segments[1],
      let id = UploadID(segments[2]), FileName.isOne(segments[3])
    else { return nil }
    self.init(app: AppID(app), id: id, name: segments[3])
  }

  /// Scheme and host in front of a path, and the path without query and fragment: `https://example.org` and `/files/…`.
  static func split(url: String) -> (origin: String, path: String)? {
    guard WebAddress.isWebAddress(url), let start = url.firstRange(of: "://")?.upperBound else { return nil }
    let slash = url[start...].firstIndex { $0 == "/" || $0 == "?" || $0 == "#" } ?? url.endIndex
    let path = url[slash...].prefix { $0 != "?" && $0 != "#" }
    return (url[..<slash].lowercased(), String(path))
  }
}
