import JSON
import Jobs
import Telemetry

/// Dead letters as an operator reads them.
enum DeadLetterText {
  static func line(_ letter: DeadLetters.Letter) -> String {
    let record = letter.record
    return "\(letter.name)  \(record.kind.name)  made \(time(record))  \(record.attempts) failures: \(record.lastError)"
  }

  /// `whole`: with what the job is to do and how far it is, as hexadecimal digits.
  static func json(_ letter: DeadLetters.Letter, whole: Bool) -> JSONValue {
    let record = letter.record
    var members: [JSONValue.Member] = [
      .init("name", .string("\(letter.name)")), .init("app", .integer(letter.name.partition.app)),
      .init("kind", .string(record.kind.name)), .init("made_at", .string(time(record))),
      .init("failures", .integer(record.attempts)), .init("last_error", .string(record.lastError)),
      .init("trace", .string(DeadLetterName.digits(record.traceID))),
    ]
    if whole {
      members += [
        .init("payload", .string(DeadLetterName.digits(record.payload))),
        .init("cursor", .string(DeadLetterName.digits(record.cursor))),
      ]
    }
    return .object(members)
  }

  /// The last moment of the year 9999, however wrong a clock was.
  private static let millisecondsMax: UInt64 = 253_402_300_799_999

  private static func time(_ record: JobRecord) -> String {
    rfc3339(Int64(clamping: min(record.madeAtMilliseconds, millisecondsMax)) * 1_000)
  }
}
