import HTTP

/// One setting of a service: `--name`, `MILLRACE_NAME` (upper case, `_` for `-`), or member `name` of the `--config` file.
public struct Setting: Sendable {
  public enum Kind: Sendable {
    case text
    case integer(ClosedRange<Int>)
    case address, path, flag
    case choice([String])
  }
  public var name: String
  public var kind: Kind
  public var defaultValue: String?
  public var help: String
  /// Never printed.
  public var isSecret: Bool
  public init(_ name: String, _ kind: Kind, default defaultValue: String? = nil, help: String, isSecret: Bool = false) {
    self.name = name
    self.kind = kind
    self.defaultValue = defaultValue
    self.help = help
    self.isSecret = isSecret
  }

  static let truthy: Set<String> = ["1", "true", "yes", "on"]
  static let falsy: Set<String> = ["0", "false", "no", "off"]

  /// The name of its environment variable.
  var variable: String { "MILLRACE_" + name.uppercased().replacing("-", with: "_") }

  /// Whether `--name` stands alone, without a value after it.
  var isFlag: Bool { if case .flag = kind { true } else { false } }

  /// What to write for a value, as the help and the errors say it.
  var form: String {
    switch kind {
    case .text: "TEXT"
    case .integer(let range): "a whole number from \(range.lowerBound) to \(range.upperBound)"
    case .address: "HOST:PORT, such as 127.0.0.1:8080 (port 0 takes any free one)"
    case .path: "PATH"
    case .flag: "true or false"
    case .choice(let values): values.joined(separator: " or ")
    }
  }

  /// Whether `value` has the form of this setting.
  func accepts(_ value: String) -> Bool {
    switch kind {
    case .text: true
    case .integer(let range): Int(value).map(range.contains) ?? false
    case .address: HTTPServer.Address(value).map { !$0.host.isEmpty } ?? false
    case .path: !value.isEmpty && !value.utf8.contains(0)
    case .flag: Setting.truthy.contains(value.lowercased()) || Setting.falsy.contains(value.lowercased())
    case .choice(let values): values.contains(value)
    }
  }
}
