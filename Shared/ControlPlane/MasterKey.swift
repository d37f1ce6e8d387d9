import Glibc

/// The keys that seal secrets (B21): a file of mode 600, never in PostgreSQL.
///
/// Each line is `<id> <64 hexadecimal digits>`; lines beginning with `#` are comments. The first key seals, all of them
/// open: a new key goes on top, the old one stays until nothing is sealed with it.
public struct MasterKey: Sendable {
  public enum Failure: Error, Hashable, Sendable, CustomStringConvertible {
    case unreadable(path: String, reason: String)
    case openToOthers(path: String, mode: String)
    case malformed(path: String, line: Int)
    case cannotSeal(String)
    case unknownKey(id: String, context: String)
    case wrongFile(path: String, missing: [String])
    case doesNotOpen(context: String)
    case unknownFormat(context: String)

    public var description: String {
      switch self {
      case .unreadable(let path, let reason): "the master key file \(path) cannot be read or made: \(reason)"
      case .openToOthers(let path, let mode):
        "the master key file \(path) has mode \(mode): others could read it; run: chmod 600 \(path)"
      case .malformed(let path, let line):
        "line \(line) of the master key file \(path) is not `<id> <64 hexadecimal digits>`"
      case .cannotSeal(let reason): "a secret cannot be sealed: \(reason)"
      case .unknownKey(let id, let context):
        "\(context) is sealed with master key \(id), which the master key file does not hold"
      case .wrongFile(let path, let missing):
        "secrets in PostgreSQL are sealed with master key \(missing.joined(separator: ", ")), which \(path) does not hold: "
          + "name the file that holds it with --master-key-file, or bring it back from its copy"
      case .doesNotOpen(let context): "\(context) does not open with its master key: it was changed or moved"
      case .unknownFormat(let context): "\(context) is sealed in a format this version does not know"
      }
    }
  }

  private struct Key {
    var id: String
    var bytes: [UInt8]
  }

  private let keys: [Key]

  /// The id of the key that seals.
  public var sealingID: String { keys.first?.id ?? "" }

  /// Reads the file's text. At least one key.
  public init(text: String, path: String = "master key") throws(Failure) {
    var keys: [Key] = []
    for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
      let words = line.split(whereSeparator: \.isWhitespace)
      if words.isEmpty || words[0].hasPrefix("#") { continue }
      guard words.count == 2, let bytes = Hexadecimal.bytes(words[1]), bytes.count == Cryptography.keyBytes else {
        throw .malformed(path: path, line: index + 1)
      }
      keys.append(Key(id: String(words[0]), bytes: bytes))
    }
    guard !keys.isEmpty else { throw .malformed(path: path, line: 1) }
    self.keys = keys
  }

  /// Reads the file at `path`, or makes it with a new key if there is none. Refuses a file that others may read.
  ///
  /// Several processes may do this at once: the first to link its file into place wins, all read that one.
  public static func load(path: String) throws(Failure) -> MasterKey {
    if let text = try read(path) { return try MasterKey(text: text, path: path) }
    try make(path)
    guard let text = try read(path) else { throw .unreadable(path: path, reason: "it vanished after it was made") }
    return try MasterKey(text: text, path: path)
  }

  /// The same for whoever writes secrets into a database where some are sealed under these ids already: another key than theirs,
  /// a new one above all, would seal what the services could not open.
  public static func load(path: String, opening ids: Set<String>) throws(Failure) -> MasterKey {
    if ids.isEmpty { return try load(path: path) }
    guard let text = try read(path) else { throw .wrongFile(path: path, missing: ids.sorted()) }
    let key = try MasterKey(text: text, path: path)
    let missing = ids.subtracting(key.keys.map(\.id))
    if !missing.isEmpty { throw .wrongFile(path: path, missing: missing.sorted()) }
    return key
  }

  private static func read(_ path: String) throws(Failure) -> String? {
    let descriptor = Glibc.open(path, O_RDONLY | O_CLOEXEC)
    if descriptor < 0 {
      if errno == ENOENT { return nil }
      throw .unreadable(path: path, reason: errorText())
    }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw .unreadable(path: path, reason: errorText()) }
    guard status.st_mode & 0o077 == 0 else {
      throw .openToOthers(path: path, mode: String(status.st_mode & 0o777, radix: 8))
    }
    guard let bytes = FileBytes.read(descriptor, bytesMax: 64 << 10) else {
      throw .unreadable(path: path, reason: "it is larger than 64 KiB or ends in an error")
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  private static func make(_ path: String) throws(Failure) {
    let bytes: [UInt8]
    let id: String
    do {
      bytes = try Cryptography.randomBytes(Cryptography.keyBytes)
      id = Hexadecimal.text(try Cryptography.randomBytes(4))
    } catch { throw .unreadable(path: path, reason: "\(error)") }
    let text = """
      # Millrace's master key: it opens the API secrets in PostgreSQL. Keep a copy apart from the database's backups.
      \(id) \(Hexadecimal.text(bytes))

      """
    let draft = "\(path).\(getpid()).\(id)"
    guard FileBytes.write(Array(text.utf8), to: draft, mode: 0o600) else {
      throw .unreadable(path: path, reason: errorText())
    }
    defer { unlink(draft) }
    guard link(draft, path) == 0 || errno == EEXIST else { throw .unreadable(path: path, reason: errorText()) }
  }

  /// Keys derived from each of the master keys for one purpose, those of the first key first: what was made with any of
  /// them is known again. HMAC-SHA256 of the purpose under the key, as the first step of HKDF (RFC 5869) is.
  public func derived(for purpose: String) -> [[UInt8]] {
    keys.map { Cryptography.code(Array(purpose.utf8), key: $0.bytes) }
  }

  // MARK: Sealing

  /// Seals `clear` for the place `context` names; it opens with that context only.
  public func seal(_ clear: [UInt8], context: String) throws(Failure) -> SealedSecret {
    guard let key = keys.first else { throw .cannotSeal("no master key") }
    do {
      let sealed = try Cryptography.seal(clear, key: key.bytes, context: Array(context.utf8))
      return SealedSecret(keyID: key.id, bytes: [SealedSecret.format] + sealed)
    } catch { throw .cannotSeal(error.description) }
  }

  public func open(_ secret: SealedSecret, context: String) throws(Failure) -> [UInt8] {
    guard let key = keys.first(where: { $0.id == secret.keyID }) else {
      throw .unknownKey(id: secret.keyID, context: context)
    }
    guard secret.bytes.first == SealedSecret.format else { throw .unknownFormat(context: context) }
    do {
      return try Cryptography.open(Array(secret.bytes.dropFirst()), key: key.bytes, context: Array(context.utf8))
    } catch { throw .doesNotOpen(context: context) }
  }
}

func errorText() -> String { strerror(errno).map { String(cString: $0) } ?? "error \(errno)" }
