import KeevoClient

/// What came of one command in one shard.
enum CommandResult: Equatable, Sendable {
  case write([SubBatchResult])
  /// `late`: past its time, nothing written.
  case putMany(late: Bool)
  /// Nothing of the command was applied here, and never will be: it is over a limit that shows only at apply.
  case refused(String)
  /// Nothing was applied, nothing noted: the same request may come again.
  case overloaded(String)

  /// As it lies in the request table: kind (1) and, for a write, number of results (4), each: index of the failed
  /// condition, or 0xFFFFFFFF (4) | stamp (8) | number of rows (4), each: key, version (8), value. The entry's time
  /// stands once in the row.
  func encode(into writer: inout ByteWriter) {
    switch self {
    case .write(let results):
      writer.u8(1)
      writer.u32(UInt32(results.count))
      for result in results {
        writer.u32(result.failedCondition.map { UInt32($0) } ?? .max)
        writer.u64(result.stamp.rawValue)
        writer.u32(UInt32(result.scanned.count))
        for row in result.scanned {
          CommandEncoding.encode(row.key, &writer)
          writer.u64(row.version.rawValue)
          writer.long(row.value)
        }
      }
    case .putMany(let late):
      writer.u8(2)
      writer.u8(late ? 1 : 0)
    case .refused(let text):
      writer.u8(3)
      writer.short(Array(text.utf8))
    case .overloaded: preconditionFailure("an overloaded command is not noted")
    }
  }

  static func decode(_ reader: inout ByteReader, timeMilliseconds: UInt64) throws(StoreError) -> CommandResult {
    switch try reader.u8() {
    case 1:
      var results: [SubBatchResult] = []
      for _ in 0..<(try reader.count(bytesEach: 16)) {
        let failed = try reader.u32()
        var result = SubBatchResult(
          failedCondition: failed == .max ? nil : Int(failed), stamp: Stamp(try reader.u64()),
          timeMilliseconds: timeMilliseconds)
        for _ in 0..<(try reader.count(bytesEach: 16)) {
          let key = try CommandEncoding.decodeKey(&reader)
          let version = Stamp(try reader.u64())
          result.scanned.append(Row(key: key, value: try reader.long(), version: version))
        }
        results.append(result)
      }
      return .write(results)
    case 2: return .putMany(late: try reader.u8() == 1)
    case 3: return .refused(String(decoding: try reader.short(), as: UTF8.self))
    case let kind: throw reader.broken("result of kind \(kind)")
    }
  }
}
