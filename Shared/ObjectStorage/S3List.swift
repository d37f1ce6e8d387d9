/// Reads the few elements that matter of S3's answers. Our own paths hold no character that XML would escape; what else lies
/// in a bucket is not listed.
enum S3List {
  /// The page of `ListBucketResult`.
  static func page(
    _ body: [UInt8], owner: ObjectKey.Owner, start: String
  ) throws(ObjectStorageError) -> ObjectPage {
    guard let cut = element("IsTruncated", in: body[...]) else { throw .failed("a list that cannot be read") }
    var page = ObjectPage(objects: [], isCut: cut == "true")
    var rest = body[...]
    while let content = next("Contents", in: &rest) {
      guard let name = element("Key", in: content), let bytes = element("Size", in: content).flatMap({ Int($0) }) else {
        throw .failed("a list with an entry that cannot be read")
      }
      guard name.hasPrefix(start), let key = ObjectKey(owner, String(name.dropFirst(start.count))) else { continue }
      page.objects.append(ObjectInfo(path: key.path, bytes: bytes))
    }
    return page
  }

  /// The text of the first element of that name.
  static func element(_ name: String, in bytes: ArraySlice<UInt8>) -> String? {
    var rest = bytes
    return next(name, in: &rest).map { String(decoding: $0, as: UTF8.self) }
  }

  /// What is inside the next element of that name; `rest` then begins behind it.
  private static func next(_ name: String, in rest: inout ArraySlice<UInt8>) -> ArraySlice<UInt8>? {
    guard let open = find(Array("<\(name)>".utf8), in: rest) else { return nil }
    let inside = rest[open.upperBound...]
    guard let close = find(Array("</\(name)>".utf8), in: inside) else { return nil }
    rest = rest[close.upperBound...]
    return inside[..<close.lowerBound]
  }

  private static func find(_ word: [UInt8], in bytes: ArraySlice<UInt8>) -> Range<Int>? {
    var index = bytes.startIndex
    while index + word.count <= bytes.endIndex {
      if bytes[index] == word[0], bytes[index..<index + word.count].elementsEqual(word) {
        return index..<index + word.count
      }
      index += 1
    }
    return nil
  }
}
