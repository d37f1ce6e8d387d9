import Glibc
import Synchronization

/// Writes log lines: one JSON object a line, or plain text on a terminal. Lines of a task that works for a trace carry it as
/// `trace`. Never give it a secret.
public struct Logger: Sendable {
  public enum Level: Int, Comparable, Sendable, CaseIterable {
    case debug, info, warning, error
    public static func < (a: Level, b: Level) -> Bool { a.rawValue < b.rawValue }
    public var name: String {
      switch self {
      case .debug: "debug"
      case .info: "info"
      case .warning: "warning"
      case .error: "error"
      }
    }
    public init?(name: String) {
      guard let level = Level.allCases.first(where: { $0.name == name }) else { return nil }
      self = level
    }
  }

  public enum Format: String, Sendable { case json, plain }

  public var service: String
  public var level: Level
  public var format: Format
  private let sink: @Sendable ([UInt8]) -> Void

  public init(
    service: String, level: Level = .info, format: Format = .json,
    sink: @escaping @Sendable ([UInt8]) -> Void = Logger.writeToStandardError
  ) {
    self.service = service
    self.level = level
    self.format = format
    self.sink = sink
  }

  /// A logger that says nothing, for tests.
  public static let silent = Logger(service: "test", level: .error, sink: { _ in })

  public func debug(_ message: @autoclosure () -> String, _ fields: [(String, String)] = []) {
    log(.debug, message(), fields)
  }
  public func info(_ message: @autoclosure () -> String, _ fields: [(String, String)] = []) {
    log(.info, message(), fields)
  }
  public func warning(_ message: @autoclosure () -> String, _ fields: [(String, String)] = []) {
    log(.warning, message(), fields)
  }
  public func error(_ message: @autoclosure () -> String, _ fields: [(String, String)] = []) {
    log(.error, message(), fields)
  }

  public func log(_ level: Level, _ message: @autoclosure () -> String, _ fields: [(String, String)] = []) {
    guard level >= self.level else { return }
    var fields = fields
    if let trace = TraceID.current, !fields.contains(where: { $0.0 == "trace" }) {
      fields.append(("trace", "\(trace)"))
    }
    sink(line(level, message(), fields, at: wallClockMicroseconds()))
  }

  func line(_ level: Level, _ message: String, _ fields: [(String, String)], at microseconds: Int64) -> [UInt8] {
    var text = ""
    switch format {
    case .json:
      text =
        "{\"time\":\"\(rfc3339(microseconds))\",\"level\":\"\(level.name)\",\"service\":\(quoted(service)),\"message\":\(quoted(message))"
      for (name, value) in fields { text += ",\(quoted(name)):\(quoted(value))" }
      text += "}\n"
    case .plain:
      text = "\(rfc3339(microseconds)) \(level.name.uppercased()) \(service): \(message)"
      for (name, value) in fields { text += " \(name)=\(value)" }
      text += "\n"
    }
    return Array(text.utf8)
  }

  public static func writeToStandardError(_ line: [UInt8]) {
    line.withUnsafeBytes { bytes in
      var offset = 0
      while offset < bytes.count {
        let written = write(2, bytes.baseAddress! + offset, bytes.count - offset)
        if written < 0 { if errno == EINTR { continue } else { return } }
        offset += written
      }
    }
  }
}

/// Unix microseconds of the wall clock.
public func wallClockMicroseconds() -> Int64 {
  var time = timespec()
  clock_gettime(CLOCK_REALTIME, &time)
  return Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1_000
}

func quoted(_ text: String) -> String {
  var out = "\""
  for scalar in text.unicodeScalars {
    switch scalar {
    case "\"": out += "\\\""
    case "\\": out += "\\\\"
    case "\n": out += "\\n"
    case "\r": out += "\\r"
    case "\t": out += "\\t"
    case let control where control.value < 0x20:
      let digits = String(control.value, radix: 16)
      out += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
    default: out.unicodeScalars.append(scalar)
    }
  }
  return out + "\""
}

/// `microseconds` since 1970 as RFC 3339, UTC.
public func rfc3339(_ microseconds: Int64) -> String {
  var seconds = time_t(microseconds.quotientAndRemainder(dividingBy: 1_000_000).quotient)
  let fraction = microseconds.quotientAndRemainder(dividingBy: 1_000_000).remainder
  var parts = tm()
  gmtime_r(&seconds, &parts)
  func pad(_ number: some BinaryInteger, _ width: Int) -> String {
    let digits = String(number)
    return String(repeating: "0", count: max(0, width - digits.count)) + digits
  }
  return
    "\(pad(parts.tm_year + 1900, 4))-\(pad(parts.tm_mon + 1, 2))-\(pad(parts.tm_mday, 2))T\(pad(parts.tm_hour, 2)):\(pad(parts.tm_min, 2)):\(pad(parts.tm_sec, 2)).\(pad(fraction, 6))Z"
}
