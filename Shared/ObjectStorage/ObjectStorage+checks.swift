/// What every storage refuses in the same words.
enum ObjectChecks {
  static func body(_ bytes: Int) throws(ObjectStorageError) {
    guard bytes <= ObjectLimits.bodyBytesMax else {
      throw .invalid(
        "a body of \(bytes) bytes, the most put at once is \(ObjectLimits.bodyBytesMax): upload it in pieces")
    }
  }

  static func range(offset: Int, bytesMax: Int) throws(ObjectStorageError) {
    guard offset >= 0, (1...ObjectLimits.bodyBytesMax).contains(bytesMax) else {
      throw .invalid("\(bytesMax) bytes from \(offset), at once it is 1 to \(ObjectLimits.bodyBytesMax) from 0 on")
    }
  }

  static func piece(_ bytes: Int, after stored: Int) throws(ObjectStorageError) {
    guard bytes <= ObjectLimits.pieceBytesMax else {
      throw .invalid("a piece of \(bytes) bytes, the most is \(ObjectLimits.pieceBytesMax)")
    }
    guard stored + bytes <= ObjectLimits.uploadBytesMax else {
      throw .invalid("an object of more than \(ObjectLimits.uploadBytesMax) bytes")
    }
  }

  /// What stands before all names of the list.
  static func list(
    _ owner: ObjectKey.Owner, prefix: String, after: String, limit: Int
  ) throws(ObjectStorageError) -> String {
    guard let start = owner.prefix else { throw .invalid("an owner's name is 1 to 32 letters and digits") }
    guard ObjectKey.isPrefix(prefix), ObjectKey.isPrefix(after) else {
      throw .invalid("a prefix or path of wrong form")
    }
    guard (1...ObjectLimits.listMax).contains(limit) else {
      throw .invalid("a list of \(limit), it is 1 to \(ObjectLimits.listMax)")
    }
    return start
  }
}
