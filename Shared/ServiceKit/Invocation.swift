/// What a command line asks for, with the values it gives.
struct Invocation: Sendable {
  enum Action: Equatable, Sendable {
    case serve, check, version, help
    case command(name: String, arguments: [String])
  }

  /// Where a value came from.
  enum Source: Equatable, Sendable, CustomStringConvertible {
    case flag(String)
    case variable(String)
    case file(String)
    case standard
    var description: String {
      switch self {
      case .flag(let name): "flag \(name)"
      case .variable(let name): "variable \(name)"
      case .file(let path): "file \(path)"
      case .standard: "default"
      }
    }
  }

  var action: Action
  var configuration: Configuration
  var sources: [String: Source]

  /// Reads flags, variables and the file, in that order of weight, and checks every value against its setting.
  ///
  /// Flags that name a setting are taken wherever they stand, also after a command; every other word after the command's
  /// name is the command's own. `--` ends the search for flags.
  static func read(
    _ specification: ServiceSpecification, arguments: [String], environment: [String: String],
    readFile: (String) throws(ConfigurationError) -> [String: String] = ConfigurationFile.read
  ) throws(ConfigurationError) -> Invocation {
    let settings = specification.allSettings
    let line = try CommandLineWords(arguments, settings: settings, commands: specification.commands.map(\.name))

    var values: [String: String] = [:]
    var sources: [String: Source] = [:]
    for setting in settings {
      if let value = setting.defaultValue {
        values[setting.name] = value
        sources[setting.name] = .standard
      }
    }
    if case .help = line.action { return Invocation(action: .help, configuration: .init(values: [:]), sources: [:]) }
    if case .version = line.action {
      return Invocation(action: .version, configuration: .init(values: [:]), sources: [:])
    }

    if let path = line.values["config"] ?? environment["MILLRACE_CONFIG"], !path.isEmpty {
      for (name, value) in try readFile(path).sorted(by: { $0.key < $1.key }) {
        guard name != "config", settings.contains(where: { $0.name == name }) else {
          throw .unknownMember(name, file: path, suggestion: nearest(name, to: settings.map(\.name)))
        }
        values[name] = value
        sources[name] = .file(path)
      }
    }
    for setting in settings {
      if let value = environment[setting.variable] {
        values[setting.name] = value
        sources[setting.name] = .variable(setting.variable)
      }
      if let value = line.values[setting.name] {
        values[setting.name] = value
        sources[setting.name] = .flag("--\(setting.name)")
      }
    }
    for setting in settings {
      guard let value = values[setting.name], !setting.accepts(value) else { continue }
      throw .badValue(
        setting: setting.name, value: setting.isSecret ? "(secret)" : value,
        source: (sources[setting.name] ?? .standard).description, form: setting.form)
    }
    return Invocation(action: line.action, configuration: Configuration(values: values), sources: sources)
  }
}
