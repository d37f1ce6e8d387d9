import JSON
import Model

/// What ends a key, its older secrets or an app's access. Sent through Redis right after the commit, so that services act
/// on it at once (B20); PostgreSQL has the truth, and the next comparison with it confirms or undoes what was done.
///
/// Carries no secret.
public struct Revocation: Hashable, Sendable {
  public enum Subject: Hashable, Sendable {
    /// The key is unknown from a moment on, Unix milliseconds (insight D26).
    case key(String, endsAtMilliseconds: Int64)
    /// The primary secret that the key had before verifies until that moment, those before it no more (insight D26).
    case secrets(ofKey: String, endAtMilliseconds: Int64)
    /// The app is suspended.
    case app
  }

  public var app: AppID
  /// The configuration's revision with which it holds.
  public var revision: Int64
  public var subject: Subject

  public init(app: AppID, revision: Int64, subject: Subject) {
    self.app = app
    self.revision = revision
    self.subject = subject
  }

  /// An end that has come on every machine, whatever its clock.
  public static let now: Int64 = 0

  /// Where they are published.
  public static let channel = "millrace:revocations"
  static let messageBytesMax = 1_024

  // MARK: Format 1

  /// The message: one JSON object, whose member `format` is its number (B6).
  public var message: [UInt8] {
    var members: [JSONValue.Member] = [
      .init("format", .integer(1)), .init("app", .integer(app.rawValue)), .init("revision", .integer(revision)),
    ]
    switch subject {
    case .key(let key, let end):
      members += [.init("ends", .string("key")), .init("key", .string(key)), .init("at", .integer(end))]
    case .secrets(let key, let end):
      members += [.init("ends", .string("secrets")), .init("key", .string(key)), .init("at", .integer(end))]
    case .app: members.append(.init("ends", .string("app")))
    }
    return JSONValue.object(members).encoded()
  }

  /// `nil` if `message` is no message of a known format.
  public init?(message: [UInt8]) {
    guard message.count <= Self.messageBytesMax, let value = try? JSONValue(parsing: message),
      value["format"]?.integer == 1, let app = value["app"]?.integer.flatMap({ UInt32(exactly: $0) }),
      let revision = value["revision"]?.integer.flatMap({ Int64(exactly: $0) })
    else { return nil }
    let key = value["key"]?.string
    let end = value["at"]?.integer.flatMap { Int64(exactly: $0) }
    switch (value["ends"]?.string, key, end) {
    case ("key", let key?, let end?): subject = .key(key, endsAtMilliseconds: end)
    case ("secrets", let key?, let end?): subject = .secrets(ofKey: key, endAtMilliseconds: end)
    case ("app", _, _): subject = .app
    default: return nil
    }
    self.app = AppID(app)
    self.revision = revision
  }
}
