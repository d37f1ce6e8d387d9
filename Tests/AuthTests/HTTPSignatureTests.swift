import ControlPlane
import Testing

@testable import Auth

/// Feeds A11.
@Suite struct HTTPSignatureTests {
  static let date = "Wed, 18 Nov 2026 11:06:40 GMT"
  static let target = "/api/v1.0/follow_many/?api_key=key&x=%20y"
  /// Made with Python's hmac and base64.
  static let signature = "zISbuxfc0GmHH7/TKlaQYRJZtB7Q8dX2EFpDIQZFqEo="

  private func header(
    keyID: String = "key", algorithm: String = "hmac-sha256", names: String = "(request-target) date",
    signature: String = HTTPSignatureTests.signature
  ) -> String {
    #"Signature keyId="\#(keyID)",algorithm="\#(algorithm)",headers="\#(names)",signature="\#(signature)""#
  }

  private func refusal(
    _ authorization: String, method: String = "post", target: String = HTTPSignatureTests.target,
    date: String? = HTTPSignatureTests.date, secondsLater: Int64 = 0, key: String = "key"
  ) -> AuthError? {
    let authenticator = AuthenticatorTests.authenticator()
    let now = AuthenticatorTests.now + secondsLater * 1_000
    do throws(AuthError) {
      let identity = try authenticator.identity(
        authorization: authorization, authType: nil, key: try authenticator.key([key], nowMilliseconds: now),
        request: .init(method: method, target: target) { $0 == "date" ? date : nil }, nowMilliseconds: now)
      #expect(identity.isServer && identity.userID == nil)
      return nil
    } catch { return error }
  }

  @Test func aSignatureOverTargetAndDateOpensEverything() {
    #expect(refusal(header()) == nil)
    #expect(refusal(header(signature: String(Self.signature.dropLast()))) == nil, "padding may be missing")
    #expect(refusal(header().replacing("Signature", with: "signature").replacing(",", with: ", ")) == nil)
    #expect(refusal(header(), secondsLater: 900) == nil)
    #expect(refusal(header(), secondsLater: -900) == nil)
  }

  @Test func whatIsNotSignedSoIsAWrongSignature() {
    #expect(refusal(header(), method: "get") == .wrongSignature)
    #expect(refusal(header(), target: "/api/v1.0/follow_many/?api_key=key") == .wrongSignature)
    #expect(refusal(header(), target: Self.target.replacing("%20", with: "+")) == .wrongSignature)
    #expect(refusal(header(), date: "Wed, 18 Nov 2026 11:06:41 GMT") == .wrongSignature)
    #expect(refusal(header(names: "date (request-target)")) == .wrongSignature)
    #expect(refusal(header(signature: "AAAA")) == .wrongSignature)
    // Another app's key with this app's secret.
    #expect(refusal(header(keyID: "other"), key: "other") == .wrongSignature)
  }

  @Test func otherKeysAlgorithmsAndHeadersAreRefused() {
    #expect(refusal(header(keyID: "other")) == .apiKey("the request names two different API keys"))
    func isToken(_ error: AuthError?) -> Bool { if case .token? = error { true } else { false } }
    for text in [
      header(algorithm: "hmac-sha1"), header(names: "date"), header(names: "(request-target)"), header(names: ""),
      header(names: "(request-target) date digest"), header(signature: "*"), header(signature: "a-_b"), "Signature ",
      "Signature x", "Signature keyId=key", #"Signature keyId="key"#, #"Signature keyId="key""#,
      header() + #",keyId="key""#, header() + String(repeating: " ", count: 5_000),
    ] {
      #expect(isToken(refusal(text)), "\(text)")
    }
    #expect(isToken(refusal(header(), secondsLater: 901)))
    #expect(isToken(refusal(header(), secondsLater: -901)))
    #expect(isToken(refusal(header(), date: nil)))
  }

  @Test(arguments: [
    "", "x", "Wed, 18 Nov 2026 11:06:40", "Wed, 18 Nov 2026 11:06:40 CET", "Wed, 31 Nov 2026 11:06:40 GMT",
    "Wed, 18 Nov 2026 24:06:40 GMT", "Wed, 18 Nov 26 11:06:40 GMT", "Wed, 18 XXX 2026 11:06:40 GMT",
    "Wednesday, 18-Nov-26 11:06:40 GMT", "Wed, 29 Feb 2023 11:06:40 GMT", "Wed, +8 Nov 2026 11:06:40 GMT",
  ])
  func otherFormsOfDatesAreRefused(text: String) {
    #expect(HTTPDate(text) == nil)
  }

  @Test func datesAreRead() {
    #expect(HTTPDate("Thu, 01 Jan 1970 00:00:00 GMT")?.secondsSince1970 == 0)
    #expect(HTTPDate("Wed, 18 Nov 2026 11:06:40 GMT")?.secondsSince1970 == 1_795_000_000)
    #expect(HTTPDate("Thu, 29 Feb 2024 23:59:59 GMT")?.secondsSince1970 == 1_709_251_199)
    #expect(HTTPDate("Fri, 01 Mar 2024 00:00:00 GMT")?.secondsSince1970 == 1_709_251_200)
    #expect(HTTPDate("Tue, 29 Feb 2000 00:00:00 GMT")?.secondsSince1970 == 951_782_400)
  }
}
