extension ServiceSpecification {
  /// The service's settings and those every service has, in that order; the service's own win.
  var allSettings: [Setting] {
    settings + Setting.base.filter { base in !settings.contains { $0.name == base.name } }
  }

  /// What `--help` prints.
  var helpText: String {
    var lines = ["\(name): \(summary)", "", "Usage: \(name) [SETTINGS]"]
    if !commands.isEmpty {
      lines.append("       \(name) COMMAND [ARGUMENTS] [SETTINGS]")
      lines += ["", "Commands:"]
      for command in commands { lines.append("  \(padded(command.name, 18)) \(command.summary)") }
    }
    lines += [
      "", "Settings: a flag wins over its variable, that over the file, that over the default.",
      "  --check            check the settings, print them, and exit (0 good, 2 not)",
      "  --version          print the version and exit", "  --help             print this and exit",
    ]
    for setting in allSettings {
      lines.append("  --\(padded(setting.name, 16)) \(setting.help)")
      var detail = setting.variable
      switch setting.kind {
      case .integer, .choice, .address: detail += "; \(setting.form)"
      case .text, .path, .flag: break
      }
      if let value = setting.defaultValue, !setting.isSecret { detail += "; default \(value)" }
      lines.append("  \(padded("", 18)) (\(detail))")
    }
    return lines.joined(separator: "\n") + "\n"
  }

  /// What `--check` prints: each value and where it came from; secrets stay hidden.
  func checkText(_ invocation: Invocation) -> String {
    var lines = ["\(name): the settings are good"]
    for setting in allSettings {
      guard let value = invocation.configuration.string(setting.name) else { continue }
      let source = invocation.sources[setting.name] ?? .standard
      lines.append("  \(padded(setting.name, 18)) \(setting.isSecret ? "(secret)" : value)  (\(source))")
    }
    return lines.joined(separator: "\n") + "\n"
  }
}

private func padded(_ text: String, _ width: Int) -> String {
  text + String(repeating: " ", count: max(0, width - text.count))
}
