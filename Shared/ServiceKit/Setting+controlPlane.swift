extension Setting {
  /// Where a service finds the control plane, and keeps what it last gave: for services that go by apps' configuration.
  public static func controlPlane(dataDirectory: String) -> [Setting] {
    [
      postgres, masterKeyFile,
      Setting(
        "data-dir", .path, default: dataDirectory,
        help: "where the last configuration is kept, sealed, for a start without PostgreSQL"),
    ]
  }

  public static let postgres = Setting(
    "postgres", .text, default: "dbname=millrace", help: "PostgreSQL's connection string (libpq's form)",
    isSecret: true)

  public static let masterKeyFile = Setting(
    "master-key-file", .path, default: "var/master.key",
    help: "the key that seals and opens secrets; made with mode 600 if it is not there")

  /// Settings of numbers that modules below declare, which know no services.
  public static func numbers(_ list: [(name: String, range: ClosedRange<Int>, standard: Int, help: String)])
    -> [Setting]
  {
    list.map { Setting($0.name, .integer($0.range), default: "\($0.standard)", help: $0.help) }
  }
}
