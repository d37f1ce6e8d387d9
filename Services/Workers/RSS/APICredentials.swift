import HTTP

/// Where the API is and who asks. The secret comes from the environment or a private file, never from the command line.
struct APICredentials: Equatable, Sendable {
  var baseAddress: String
  var key: String
  var secret: String

  /// The stack's file, looked for when nothing else names the API.
  static let standardFile = "var/run/stack.env"

  /// What the command line says of it.
  struct Flags: Sendable {
    var baseAddress: String?
    var apiKey: String?
    var stackFile: String?
    /// The app's number, for a stack's file that holds several.
    var app: String?
  }

  /// Words that would hold the secret are refused, and not repeated.
  static func refuseSecrets(_ words: [String]) throws(RSSFailure) {
    let names = words.map { $0.prefix { $0 != "=" } }
    guard !names.contains("--api-secret"), !names.contains("--secret") else {
      throw RSSFailure(
        "the secret is never given on the command line, where others can read it: set MILLRACE_API_SECRET")
    }
  }

  init(
    _ options: RSSOptions, variable: (String) -> String?, readFile: (String) -> String?
  ) throws(RSSFailure) {
    let flags = Flags(baseAddress: options.baseAddress, apiKey: options.apiKey, stackFile: options.stackFile)
    try self.init(flags, variable: variable, readFile: readFile)
  }

  /// Flags win over variables, these over the stack's file.
  ///
  /// - Parameter readFile: the text of a file; `nil` if it cannot be read.
  /// - Throws: `RSSFailure` that says what is missing and how to give it.
  init(
    _ options: Flags, variable: (String) -> String?, readFile: (String) -> String?
  ) throws(RSSFailure) {
    var stack: [String: String] = [:]
    let path = options.stackFile ?? Self.standardFile
    if let text = readFile(path) {
      stack = Self.assignments(text)
    } else if options.stackFile != nil {
      throw RSSFailure("\(path) cannot be read: is the stack running? make up starts it")
    }
    if let app = options.app {
      guard let base = options.baseAddress ?? stack["BASE_URL"], let (key, secret) = Self.app(app, in: stack) else {
        throw RSSFailure("\(path) names no app \(app): give --api-key and MILLRACE_API_SECRET instead")
      }
      (baseAddress, self.key, self.secret) = (base, key, secret)
      return
    }
    // A stack named by flag goes before variables, which may be those of another.
    func value(_ flag: String?, _ name: String) -> String? {
      let values =
        options.stackFile != nil
        ? [flag, stack[name], variable("MILLRACE_\(name)")] : [flag, variable("MILLRACE_\(name)"), stack[name]]
      return values.compactMap { $0 }.first { !$0.isEmpty }
    }
    guard let base = value(options.baseAddress, "BASE_URL") else {
      throw RSSFailure("which API? give --base-url, MILLRACE_BASE_URL or --stack FILE")
    }
    guard WebAddress.isWebAddress(base) else { throw RSSFailure("\(base) is no address: write http://localhost:8080") }
    guard let key = value(options.apiKey, "API_KEY") else {
      throw RSSFailure("which app? give --api-key, MILLRACE_API_KEY or --stack FILE")
    }
    guard let secret = value(nil, "API_SECRET") else {
      throw RSSFailure("the app's secret is missing: set MILLRACE_API_SECRET or give --stack FILE")
    }
    (baseAddress, self.key, self.secret) = (base, key, secret)
  }

  /// Key and secret of the app with that number: `APP_ID` with `API_KEY`, `APP2_ID` with `APP2_KEY`.
  private static func app(_ id: String, in stack: [String: String]) -> (key: String, secret: String)? {
    for (name, value) in stack where name.hasSuffix("_ID") && value == id {
      let prefix = name == "APP_ID" ? "API" : String(name.dropLast(3))
      if let key = stack["\(prefix)_KEY"], let secret = stack["\(prefix)_SECRET"] { return (key, secret) }
    }
    return nil
  }

  /// Lines `NAME=value`, with or without `export` and quotes.
  static func assignments(_ text: String) -> [String: String] {
    var values: [String: String] = [:]
    for line in text.split(whereSeparator: \.isNewline) {
      var rest = UTF8Text.trimmed(line)
      if rest.hasPrefix("export ") { rest = UTF8Text.trimmed(rest.dropFirst(7)) }
      guard !rest.hasPrefix("#"), let equals = rest.firstIndex(of: "=") else { continue }
      var value = rest[rest.index(after: equals)...]
      if let quote = value.first, quote == "'" || quote == "\"", value.count >= 2, value.last == quote {
        value = value.dropFirst().dropLast()
      }
      values[String(rest[..<equals])] = String(value)
    }
    return values
  }
}
