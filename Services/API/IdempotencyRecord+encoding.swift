import Jobs
import KeevoClient
import Model

extension IdempotencyKeys.Record {
  /// Format 1: created (8), content (short), times (2 + 8 each), status (2), body (long).
  func encoded() -> [UInt8] {
    var writer = ByteWriter()
    writer.integer(UInt8(1))
    writer.integer(createdMilliseconds)
    writer.short(content)
    writer.integer(UInt16(times.count))
    for time in times { writer.integer(time.microseconds) }
    writer.integer(status)
    writer.long(body)
    return writer.bytes
  }

  init(decoding bytes: [UInt8]) throws(StoreError) {
    var reader = ByteReader(bytes)
    do {
      _ = try reader.format(1...1)
      let created: UInt64 = try reader.integer()
      let content = try reader.short()
      let count: UInt16 = try reader.integer()
      var times: [ActivityTime] = []
      for _ in 0..<count { times.append(ActivityTime(microseconds: try reader.integer())) }
      let status: UInt16 = try reader.integer()
      self.init(
        createdMilliseconds: created, content: content, times: times, status: status, body: try reader.long())
    } catch { throw .unknownFormat("record of an idempotency key: \(error)") }
  }
}
