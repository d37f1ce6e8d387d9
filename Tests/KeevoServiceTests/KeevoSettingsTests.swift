import GRPC
import ServiceKit
import Testing

@testable import KeevoService

@Suite struct KeevoSettingsTests {
  /// Without a value each setting means what the code would do alone; with one, that one field changes.
  @Test func everySettingOfTheServerIsHeard() throws {
    let names = [
      "connections-max", "streams-max", "handlers-max", "header-bytes-max", "message-bytes-max", "inbound-bytes-max",
      "outbound-bytes-max", "reset-burst", "resets-per-second", "handshake-milliseconds", "keepalive-milliseconds",
      "stall-milliseconds", "call-milliseconds",
    ]
    func text(_ settings: GRPCServerSettings) -> String { "\(settings)" }
    let plain = text(KeevoSettings.server(Configuration(values: [:])))
    for name in names {
      let setting = try #require(KeevoSettings.all.first { $0.name == name }, "\(name) is no setting")
      let standing = try #require(setting.defaultValue)
      #expect(text(KeevoSettings.server(Configuration(values: [name: standing]))) == plain, "default of \(name)")
      let changed = text(KeevoSettings.server(Configuration(values: [name: "777777"])))
      #expect(changed != plain && changed.contains("777777"), "\(name)")
    }
  }
}
