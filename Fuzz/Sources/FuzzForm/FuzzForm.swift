import FuzzDriver
import HTTP

/// The first line is the header `Content-Type`, the rest the body.
///
/// Invariants: it never crashes; contents lie in the body one after the other, hold no delimiter, and are read again from a form
/// made of them.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzForm(_ start: UnsafePointer<UInt8>?, _ count: Int) -> Int32 {
  let input = Array(UnsafeBufferPointer(start: start, count: count))
  let line = input.prefix { $0 != 0x0A }
  let body = Array(input.dropFirst(line.count + 1))
  _ = read(body, String(decoding: line, as: UTF8.self))
  // The same with a boundary that fits, which few inputs find.
  guard let parts = read(body, type) else { return 0 }
  var again: [UInt8] = []
  for (index, part) in parts.enumerated() {
    again +=
      Array("--b\r\nContent-Disposition: form-data; name=\"\(index)\"\r\n\r\n".utf8) + body[part.content]
      + [0x0D, 0x0A]
  }
  again += Array("--b--".utf8)
  guard let second = read(again, type) else { preconditionFailure("a form of read contents is refused") }
  precondition(second.map { Array(again[$0.content]) } == parts.map { Array(body[$0.content]) }, "another content")
  return 0
}

private let type = "multipart/form-data; boundary=b"

private func read(_ body: [UInt8], _ contentType: String) -> [MultipartForm.Part]? {
  var limits = MultipartForm.Limits()
  // Small limits, so that short inputs reach them.
  limits.partsMax = 8
  limits.partHeaderBytesMax = 256
  guard let form = try? MultipartForm(body, contentType: contentType, limits: limits) else { return nil }
  precondition(form.parts.count <= limits.partsMax, "more parts than the limit")
  var end = 0
  for part in form.parts {
    precondition(part.content.lowerBound >= end && part.content.upperBound <= body.count, "a content out of the body")
    end = part.content.upperBound
  }
  return form.parts
}

/// The package manager links an executable's entry under this name, and libFuzzer's own `main` then stays out.
@_cdecl("FuzzForm_main")
public func main(
  _ count: Int32, _ words: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>
) -> Int32 { drive(count, words, fuzzForm) }
