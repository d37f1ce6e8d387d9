import EventLoop
import KeevoClient
import Telemetry
import Testing

@testable import ServiceKit

@Suite struct KeevoSettingsTests {
  @Test func everySettingReachesItsLimit() {
    var values: [String: String] = [:]
    for (number, setting) in Setting.keevo.dropFirst().enumerated() { values[setting.name] = "\(1_000 + number)" }
    let settings = KeevoClient.Settings(Configuration(values: values))
    #expect(settings.callMilliseconds == 1_000 && settings.retryFirstMilliseconds == 1_001)
    #expect(settings.retryMaxMilliseconds == 1_002 && settings.grpc.connectMilliseconds == 1_003)
    #expect(settings.grpc.keepaliveMilliseconds == 1_004 && settings.grpc.stallMilliseconds == 1_005)
    #expect(settings.grpc.streamsMax == 1_006 && settings.grpc.waitingMax == 1_007)
    #expect(settings.grpc.messageBytesMax == 1_008)
  }

  @Test func defaultsAreThoseOfTheClient() {
    let values = Dictionary(uniqueKeysWithValues: Setting.keevo.map { ($0.name, $0.defaultValue ?? "") })
    let settings = KeevoClient.Settings(Configuration(values: values))
    #expect(settings.callMilliseconds == 3_000 && settings.grpc.messageBytesMax == GRPCDefaults.messageBytesMax)
    #expect(Setting.keevo.allSatisfy { setting in setting.accepts(setting.defaultValue ?? "") })
  }

  private enum GRPCDefaults { static let messageBytesMax = KeevoClient.Settings().grpc.messageBytesMax }

  @Test func aStoreThatIsAwayCostsTheTimeOfTheSettingAndNoMore() async throws {
    let loops = EventLoopGroup(count: 1)
    let context = ServiceContext(
      configuration: Configuration(values: ["keevo": "127.0.0.1:1", "keevo-call-milliseconds": "200"]), loops: loops,
      logger: .silent, metrics: Metrics())
    let client = try KeevoClient(context)
    // On the loop, as services do: the pool of the tests has others to serve.
    let (failed, milliseconds) = await Task(executorPreference: loops.loops[0]) {
      let began = monotonicNanoseconds()
      var failed = false
      do throws(StoreError) { _ = try await client.topology() } catch { failed = true }
      return (failed, (monotonicNanoseconds() - began) / 1_000_000)
    }.value
    #expect(failed)
    // Far more than it takes: the machine may be busy.
    #expect((100..<30_000).contains(milliseconds), "\(milliseconds) ms")
    await client.close()
    loops.stop()
  }

  @Test func withoutAnAddressTheErrorSaysWhatToWrite() {
    let context = ServiceContext(
      configuration: Configuration(values: [:]), loops: EventLoopGroup(count: 1), logger: .silent, metrics: Metrics())
    let error = #expect(throws: MissingSetting.self) { try KeevoClient(context) }
    #expect(error?.description.contains("--keevo or MILLRACE_KEEVO") == true)
  }
}
