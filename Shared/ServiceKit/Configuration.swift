/// One setting of a service: `--name`, `MILLRACE_NAME` (upper case, `_` for `-`), or member `name` of the `--config` file.
public struct Setting: Sendable {
  public enum Kind: Sendable { case text, integer(ClosedRange<Int>), address, path, flag, choice([String]) }
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
}

/// The values a process runs with: flags win over the environment, that over the file, that over defaults. Checked against
/// the settings when it is read, so that a lookup cannot fail for a reason of form.
public struct Configuration: Sendable {
  private let values: [String: String]
  public init(values: [String: String]) { self.values = values }

  public func string(_ name: String) -> String? { values[name] }
  public func integer(_ name: String) -> Int? { values[name].flatMap { Int($0) } }
  public func flag(_ name: String) -> Bool { ["1", "true", "yes", "on"].contains(values[name]?.lowercased() ?? "") }
}
