/// Why a command line, variable or file was refused: names the setting, the value and what to write.
public enum ConfigurationError: Error, Equatable, Sendable, CustomStringConvertible {
  /// `source` says where the value stands; `value` is already masked for secrets.
  case badValue(setting: String, value: String, source: String, form: String)
  case missingValue(flag: String, form: String)
  case unknownFlag(String, suggestion: String?)
  case unknownCommand(String, known: [String])
  case unknownMember(String, file: String, suggestion: String?)
  case unreadableFile(String, reason: String)

  public var description: String {
    switch self {
    case .badValue(let setting, let value, let source, let form):
      "\(setting) is \"\(value)\" (\(source)), which cannot be used: write \(form)"
    case .missingValue(let flag, let form):
      "\(flag) has no value: write \(flag) followed by \(form)"
    case .unknownFlag(let flag, let suggestion):
      "\(flag) is not a setting of this service" + (suggestion.map { ": did you mean \($0)?" } ?? "; --help lists them")
    case .unknownCommand(let word, let known):
      known.isEmpty
        ? "\"\(word)\" was not expected: this service has no commands, only flags (--help lists them)"
        : "\"\(word)\" is not a command: write one of \(known.joined(separator: ", "))"
    case .unknownMember(let member, let file, let suggestion):
      "\(file) holds \"\(member)\", which is not a setting of this service"
        + (suggestion.map { ": did you mean \"\($0)\"?" } ?? "; --help lists them")
    case .unreadableFile(let file, let reason):
      "the configuration file \(file) cannot be read: \(reason)"
    }
  }
}
