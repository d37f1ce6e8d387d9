extension Setting {
  /// What every service has. A service that declares one of these names itself keeps its own default and help.
  static let base: [Setting] = [
    Setting("config", .path, help: "a JSON file: one object whose members are named like these settings"),
    Setting(
      "admin-listen", .address, default: "127.0.0.1:0",
      help: "where /healthz, /readyz and /metrics are served; keep it off public networks"),
    Setting("loops", .integer(1...1024), help: "event loops, one thread each (default: one a core)"),
    Setting(
      "log-level", .choice(["debug", "info", "warning", "error"]), default: "info", help: "the least level written"),
    Setting(
      "log-format", .choice(["json", "plain"]),
      help: "how log lines are written (default: plain on a terminal, else json)"),
    Setting(
      "drain-seconds", .integer(1...3600), default: "10",
      help: "how long running work may take to finish after SIGTERM or SIGINT"),
  ]
}
