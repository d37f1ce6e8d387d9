/// The values a process runs with: flags win over the environment, that over the file, that over defaults. Checked against
/// the settings when it is read, so that a lookup cannot fail for a reason of form.
public struct Configuration: Sendable {
  private let values: [String: String]
  public init(values: [String: String]) { self.values = values }

  public func string(_ name: String) -> String? { values[name] }
  public func integer(_ name: String) -> Int? { values[name].flatMap { Int($0) } }
  public func flag(_ name: String) -> Bool { Setting.truthy.contains(values[name]?.lowercased() ?? "") }
}
