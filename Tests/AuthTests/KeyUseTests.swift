import Auth
import Model
import Synchronization
import Testing

@testable import ControlPlane

@Suite struct KeyUseTests {
  static let now = AuthenticatorTests.now

  private func snapshot(retiresAtMilliseconds end: Int64? = nil, edition: UInt64 = 0) -> ConfigurationSnapshot {
    var snapshot = ConfigurationSnapshot(
      revision: 1, apps: [AppID(1): AppConfiguration(id: AppID(1), name: "one", groups: [])],
      keys: [
        "key": APIKey(
          key: "key", app: AppID(1), secrets: [.init(bytes: AuthenticatorTests.secret)], retiresAtMilliseconds: end)
      ])
    snapshot.edition = edition
    return snapshot
  }

  private func use(_ authenticator: Authenticator, secret: [UInt8], at now: Int64) throws(AuthError) {
    let known = try authenticator.key(["key"], nowMilliseconds: now)
    _ = try authenticator.identity(
      authorization: TokenMaker(secret: secret).userToken("alice"), authType: "jwt", key: known, nowMilliseconds: now)
  }

  @Test func verifiedUsesAreToldNowAndThenAndRefusedOnesNever() throws {
    let configuration = ChangingConfiguration()
    configuration.set(snapshot())
    let authenticator = Authenticator(configuration: configuration)
    #expect(throws: AuthError.wrongSignature) {
      try use(authenticator, secret: AuthenticatorTests.otherSecret, at: Self.now)
    }
    #expect(configuration.uses.isEmpty)
    for milliseconds in stride(from: Int64(0), to: 25_000, by: 500) {
      try use(authenticator, secret: AuthenticatorTests.secret, at: Self.now + milliseconds)
    }
    #expect(configuration.uses.map(\.key) == ["key", "key", "key"])
    #expect(configuration.uses.map { $0.atMilliseconds - Self.now } == [0, 10_000, 20_000])
    #expect(configuration.uses.allSatisfy { $0.app == AppID(1) })
  }

  @Test func aNewEditionOfARevisionCounts() throws {
    let configuration = ChangingConfiguration()
    configuration.set(snapshot(edition: 1))
    let authenticator = Authenticator(configuration: configuration)
    _ = try authenticator.key(["key"], nowMilliseconds: Self.now)
    configuration.set(snapshot(retiresAtMilliseconds: 0, edition: 2))
    #expect(throws: AuthError.apiKey("api_key is not known")) {
      try authenticator.key(["key"], nowMilliseconds: Self.now)
    }
  }
}
