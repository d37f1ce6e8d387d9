import FoundationEssentials

/// Reads a `--config` file: one JSON object whose members are texts, whole numbers or booleans.
enum ConfigurationFile {
  /// A megabyte is far beyond any configuration; more is a wrong path.
  static let bytesMax = 1 << 20

  private enum Member: Decodable {
    case text(String)
    case unusable

    init(from decoder: any Decoder) throws {
      let container = try decoder.singleValueContainer()
      if let flag = try? container.decode(Bool.self) {
        self = .text(flag ? "true" : "false")
      } else if let number = try? container.decode(Int.self) {
        self = .text(String(number))
      } else if let text = try? container.decode(String.self) {
        self = .text(text)
      } else {
        self = .unusable
      }
    }
  }

  static func read(_ path: String) throws(ConfigurationError) -> [String: String] {
    let data: Data
    do { data = try Data(contentsOf: URL(filePath: path)) } catch {
      throw .unreadableFile(path, reason: "it does not exist or may not be opened")
    }
    return try parse(data, path: path)
  }

  static func parse(_ data: Data, path: String) throws(ConfigurationError) -> [String: String] {
    guard data.count <= bytesMax else {
      throw .unreadableFile(path, reason: "it has \(data.count) bytes, more than \(bytesMax)")
    }
    let members: [String: Member]
    do { members = try JSONDecoder().decode([String: Member].self, from: data) } catch {
      throw .unreadableFile(path, reason: "it is not one JSON object, such as {\"listen\": \"127.0.0.1:8081\"}")
    }
    var values: [String: String] = [:]
    for (name, member) in members.sorted(by: { $0.key < $1.key }) {
      guard case .text(let value) = member else {
        throw .unreadableFile(path, reason: "member \"\(name)\" is not a text, a whole number, true or false")
      }
      values[name] = value
    }
    return values
  }
}
