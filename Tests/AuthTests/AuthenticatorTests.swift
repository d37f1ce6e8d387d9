import Auth
import ControlPlane
import JSON
import Model
import Testing

@Suite struct AuthenticatorTests {
  static let now: Int64 = 1_795_000_000_000
  static let secret = Array("a-secret-of-thirty-two-characters".utf8)
  static let retiring = Array("the-secret-before-the-rotation-of-it".utf8)
  static let otherSecret = Array("the-secret-of-another-app-altogether".utf8)

  static func authenticator(anonymous: Bool = false) -> Authenticator {
    let app = AppConfiguration(id: AppID(1), name: "one", groups: FeedGroup.standard, allowAnonymousRead: anonymous)
    let other = AppConfiguration(id: AppID(2), name: "two", groups: FeedGroup.standard)
    let suspended = AppConfiguration(id: AppID(3), name: "three", suspended: true, groups: FeedGroup.standard)
    let keys = [
      APIKey(
        key: "key", app: AppID(1),
        secrets: [.init(bytes: secret), .init(bytes: retiring, retiresAtMilliseconds: now + 1)]),
      APIKey(
        key: "late", app: AppID(1), secrets: [.init(bytes: secret), .init(bytes: retiring, retiresAtMilliseconds: now)]),
      APIKey(key: "gone", app: AppID(1), secrets: [.init(bytes: secret)], retiresAtMilliseconds: now),
      APIKey(key: "other", app: AppID(2), secrets: [.init(bytes: otherSecret)]),
      APIKey(key: "stopped", app: AppID(3), secrets: [.init(bytes: secret)]),
    ]
    return Authenticator(
      configuration: FixedConfiguration(
        ConfigurationSnapshot(
          revision: 1, apps: [AppID(1): app, AppID(2): other, AppID(3): suspended],
          keys: Dictionary(keys.map { ($0.key, $0) }, uniquingKeysWith: { $1 }))))
  }

  private func identity(_ token: String?, key: String = "key", anonymous: Bool = false) throws(AuthError) -> Identity {
    let authenticator = Self.authenticator(anonymous: anonymous)
    let known = try authenticator.key([key], nowMilliseconds: Self.now)
    return try authenticator.identity(
      authorization: token, authType: "jwt", key: known, nowMilliseconds: Self.now)
  }

  private func token(_ claims: String, secret: [UInt8] = Self.secret) throws -> String {
    TokenMaker(secret: secret).token(claims: try JSONValue(parsing: claims))
  }

  @Test func keysAreRequiredKnownEqualAndOfALiveApp() throws {
    let authenticator = Self.authenticator()
    func error(_ keys: [String]) -> AuthError? {
      do throws(AuthError) {
        _ = try authenticator.key(keys, nowMilliseconds: Self.now)
        return nil
      } catch { return error }
    }
    #expect(error(["key", "key"]) == nil)
    #expect(error([]) == .apiKey("api_key is missing: add it to the query"))
    #expect(error([""]) == .apiKey("api_key is missing: add it to the query"))
    #expect(error(["nobody"]) == .apiKey("api_key is not known"))
    #expect(error(["gone"]) == .apiKey("api_key is not known"))
    #expect(error(["key", "other"]) == .apiKey("the request names two different API keys"))
    #expect(error(["stopped"]) == .suspended)
  }

  @Test func aTokenOfAnIndependentMakerVerifies() throws {
    // PyJWT 2.10: jwt.encode({"user_id": "alice"}, "a-secret-of-thirty-two-characters", algorithm="HS256")
    let token = pyJWTToken
    #expect(try identity(token) == .user("alice"))
    #expect(try identity("Bearer " + token) == .user("alice"))
    #expect(throws: AuthError.wrongSignature) { try identity(token.dropLast(3) + "AAA") }
  }

  @Test func secretsCountUntilTheyRetire() throws {
    let old = TokenMaker(secret: Self.retiring).userToken("alice")
    #expect(try identity(old) == .user("alice"))
    #expect(throws: AuthError.wrongSignature) { try identity(old, key: "late") }
  }

  @Test func aTokenOfOneAppIsAWrongSignatureInAnother() throws {
    #expect(throws: AuthError.wrongSignature) {
      try identity(TokenMaker(secret: Self.otherSecret).serverToken(), key: "key")
    }
    #expect(throws: AuthError.wrongSignature) {
      try identity(TokenMaker(secret: Self.secret).serverToken(), key: "other")
    }
  }

  @Test func otherAlgorithmsAreRefused() throws {
    for header in [#"{"alg":"none"}"#, #"{"alg":"HS512"}"#, #"{"alg":"hs256"}"#, #"{"alg":1}"#, "{}"] {
      let signed = Base64URL.encode(Array(header.utf8)) + "." + Base64URL.encode(Array(#"{"user_id":"alice"}"#.utf8))
      let code = HMACKey(secret: Self.secret).code(for: Array(signed.utf8))
      for signature in ["", Base64URL.encode(code)] {
        let error = #expect(throws: AuthError.self) { try identity(signed + "." + signature) }
        guard case .token = error else {
          Issue.record("\(header): \(String(describing: error))")
          continue
        }
      }
    }
  }

  @Test(arguments: ["", "x", "a.b", "a.b.c.d", "....", "eyJ.eyJ.x", "\u{e9}.a.b", "Signature keyId=\"key\"", "bearer"])
  func whatIsNoJWTIsRefused(text: String) {
    let error = #expect(throws: AuthError.self) { try identity(text) }
    guard case .token = error else {
      Issue.record("\(String(describing: error))")
      return
    }
  }

  @Test(arguments: [
    (#""exp":1794999941"#, true), (#""exp":1794999940"#, false), (#""exp":1794999940.5"#, true),
    (#""nbf":1795000060"#, true), (#""nbf":1795000061"#, false), (#""iat":1795000060"#, true),
    (#""iat":1795000061"#, false), (#""exp":"1795000999""#, false), (#""exp":null"#, true), (#""exp":1e400"#, true),
    (#""nbf":true"#, false),
  ])
  func timesCountWithSixtySecondsLeeway(claim: String, isValid: Bool) throws {
    let token = try token(#"{"user_id":"alice",\#(claim)}"#)
    if isValid {
      #expect(try identity(token) == .user("alice"))
    } else {
      #expect(throws: AuthError.self) { try identity(token) }
    }
  }

  @Test func claimsTellUserTokensFromServerTokens() throws {
    #expect(try identity(token(#"{"user_id":"alice","client":"ios"}"#)) == .user("alice"))
    #expect(
      try identity(token(#"{"resource":"feed, activities","action":"write","feed_id":"user1"}"#))
        == .server(
          TokenScope(resource: .only(["feed", "activities"]), action: .only(["write"]), feed: .only(["user1"])),
          onBehalfOf: nil))
    #expect(
      try identity(token(#"{"resource":"*","action":"*","user_id":"*"}"#))
        == .server(TokenScope(resource: .any, action: .any, feed: .any), onBehalfOf: nil))
    #expect(
      try identity(token(#"{"resource":"*","action":"*","feed_id":"*","user_id":"bob"}"#))
        == .server(TokenScope(resource: .any, action: .any, feed: .any), onBehalfOf: "bob"))
    for claims in [
      "{}", #"{"user_id":""}"#, #"{"user_id":"*"}"#, #"{"user_id":1}"#, #"{"user_id":"a","resource":"*"}"#,
      #"{"action":"read"}"#, #"{"resource":1,"action":"read"}"#,
    ] {
      let error = #expect(throws: AuthError.self) { try identity(token(claims)) }
      guard case .token = error else {
        Issue.record("\(claims): \(String(describing: error))")
        continue
      }
    }
  }

  @Test func aKeyAloneOpensNothingUnlessTheAppSaysSo() throws {
    #expect(throws: AuthError.token("the request has no token: send it in the header Authorization")) {
      try identity(nil)
    }
    #expect(try identity(nil, anonymous: true) == .anonymous)
  }

  @Test func aNewRevisionBringsItsKeys() throws {
    let source = ChangingConfiguration()
    let authenticator = Authenticator(configuration: source)
    #expect(throws: AuthError.apiKey("api_key is not known")) {
      try authenticator.key(["new"], nowMilliseconds: Self.now)
    }
    let app = AppConfiguration(id: AppID(1), name: "one", groups: [])
    source.set(
      ConfigurationSnapshot(
        revision: 2, apps: [AppID(1): app],
        keys: ["new": APIKey(key: "new", app: AppID(1), secrets: [.init(bytes: Self.secret)])]))
    #expect(try authenticator.key(["new"], nowMilliseconds: Self.now).app.id == AppID(1))
  }

  /// What is kept of a token does not outlive its times, its secret, its key or its configuration.
  @Test(arguments: [0, Authenticator.tokenBytesMaxDefault]) func tokensAreLookedAtEachTime(bytesMax: Int) throws {
    let source = ChangingConfiguration()
    let authenticator = Authenticator(configuration: source, tokenBytesMax: bytesMax)
    let apps = [AppID(1): AppConfiguration(id: AppID(1), name: "one", groups: FeedGroup.standard)]
    func configure(_ revision: Int64, _ secrets: [APIKey.Secret]) {
      source.set(
        ConfigurationSnapshot(
          revision: revision, apps: apps,
          keys: [
            "a": APIKey(key: "a", app: AppID(1), secrets: secrets),
            "b": APIKey(key: "b", app: AppID(1), secrets: [.init(bytes: Self.otherSecret)]),
          ]))
    }
    configure(1, [.init(bytes: Self.secret), .init(bytes: Self.retiring, retiresAtMilliseconds: Self.now + 5_000)])
    func ask(_ token: String, key: String = "a", at now: Int64 = Self.now) throws(AuthError) -> Identity {
      try authenticator.identity(
        authorization: token, authType: nil, key: try authenticator.key([key], nowMilliseconds: now),
        nowMilliseconds: now)
    }
    let expiring = try token(#"{"user_id":"alice","exp":\#(Self.now / 1_000 + 10)}"#)
    let retiring = try token(#"{"user_id":"bob"}"#, secret: Self.retiring)
    for _ in 0..<2 {
      #expect(try ask(expiring) == .user("alice"))
      #expect(try ask("Bearer " + retiring) == .user("bob"))
      #expect(throws: AuthError.wrongSignature) { try ask(expiring, key: "b") }
    }
    #expect(throws: AuthError.token("the token has expired")) { try ask(expiring, at: Self.now + 70_000) }
    #expect(throws: AuthError.wrongSignature) { try ask(retiring, at: Self.now + 5_000) }
    #expect(try ask(expiring, at: Self.now + 69_000) == .user("alice"))
    configure(2, [.init(bytes: Self.otherSecret)])
    #expect(throws: AuthError.wrongSignature) { try ask(expiring) }
  }
}

private let pyJWTToken =
  "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJ1c2VyX2lkIjoiYWxpY2UifQ"
  + ".gCNPuL2AWr76bExXDne-uRxy1HXJWB4h8-CwJo08iFg"
