import CZlib
import CZstd
import Testing

@testable import HTTP

/// C7: compressed answers.
@Suite struct CompressionTests {
  private static let text = Array(String(repeating: #"{"actor":"alice","verb":"like"},"#, count: 100).utf8)

  private func respond(
    _ accept: String?, body: [UInt8] = CompressionTests.text, type: String = "application/json; charset=utf-8",
    headers: [HTTPRequest.Header] = [], bytesMin: Int = 1_024
  ) async -> (encoding: String?, vary: String?, body: [UInt8]) {
    let handler = CompressingHandler(
      HTTPClosureHandler { _ in
        HTTPResponse(status: 200, headers: [.init("Content-Type", type)] + headers, body: body)
      }, bytesMin: bytesMin)
    let request = HTTPRequest(
      method: .get, path: "/", query: "", headers: accept.map { [.init("Accept-Encoding", $0)] } ?? [], body: [])
    let response = await handler.respond(to: request)
    func header(_ name: String) -> String? { response.headers.first { $0.name == name }?.value }
    return (header("Content-Encoding"), header("Vary"), response.body)
  }

  /// By the libraries' own readers.
  private func unpacked(_ body: [UInt8], _ encoding: String?) -> [UInt8] {
    var output = [UInt8](repeating: 0, count: 1 << 20)
    if encoding == "zstd" {
      let size = ZSTD_decompress(&output, output.count, body, body.count)
      return ZSTD_isError(size) == 0 ? Array(output[..<size]) : []
    }
    var stream = z_stream()
    guard inflateInit2_(&stream, 15 + 16, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK else { return [] }
    defer { inflateEnd(&stream) }
    var input = body
    let status = input.withUnsafeMutableBufferPointer { input in
      output.withUnsafeMutableBufferPointer { output in
        stream.next_in = input.baseAddress
        stream.avail_in = UInt32(input.count)
        stream.next_out = output.baseAddress
        stream.avail_out = UInt32(output.count)
        return inflate(&stream, Z_FINISH)
      }
    }
    return status == Z_STREAM_END ? Array(output[..<Int(stream.total_out)]) : []
  }

  @Test(arguments: [
    ("gzip", "gzip"), ("gzip, deflate", "gzip"), ("GZIP;q=0.5", "gzip"), ("x-gzip", "gzip"), ("zstd", "zstd"),
    ("gzip, zstd", "zstd"),
    ("gzip;q=1.0, zstd;q=0.5", "gzip"), ("*", "zstd"), ("zstd;q=0, *", "gzip"), ("gzip, identity;q=0.5", "gzip"),
    (" gzip ; q=0.8 , br", "gzip"),
  ])
  func whoAcceptsACodingGetsIt(accept: String, coding: String) async {
    let answer = await respond(accept)
    #expect(answer.encoding == coding)
    #expect(answer.vary == "Accept-Encoding")
    #expect(answer.body.count < Self.text.count / 4)
    #expect(unpacked(answer.body, answer.encoding) == Self.text)
  }

  @Test(arguments: [
    nil, "", "br", "identity", "gzip;q=0", "gzip;q=0, zstd;q=0.0", "*;q=0", "gzip;q=x", "gzip;q=0.3, identity",
  ])
  func whoDoesNotGetsItPlain(accept: String?) async {
    let answer = await respond(accept)
    #expect(answer.encoding == nil)
    #expect(answer.vary == "Accept-Encoding", "caches must keep the forms apart")
    #expect(answer.body == Self.text)
  }

  @Test func onlyWhatGainsIsCompressed() async {
    let short = Array(Self.text.prefix(1_023))
    #expect(await respond("gzip", body: short).encoding == nil)
    #expect(await respond("gzip", body: short).vary == nil)
    #expect(await respond("gzip", body: Array(Self.text.prefix(1_024))).encoding == "gzip")
    #expect(await respond("gzip", bytesMin: 0).encoding == nil)
    #expect(await respond("gzip", type: "image/png").encoding == nil)
    #expect(await respond("gzip", headers: [.init("Content-Encoding", "br")]).encoding == "br")
    for type in ["application/atom+xml", "text/plain", "application/yaml"] {
      #expect(await respond("gzip", type: type).encoding == "gzip", "\(type)")
    }
    var generator = SystemRandomNumberGenerator()
    let noise = (0..<4_096).map { _ in UInt8.random(in: 0...255, using: &generator) }
    for coding in ["gzip", "zstd"] {
      let answer = await respond(coding, body: noise)
      #expect(answer.encoding == nil && answer.body == noise)
    }
  }

  @Test func theVaryOfTheHandlerStays() async {
    #expect(await respond("gzip", headers: [.init("Vary", "Accept")]).vary == "Accept, Accept-Encoding")
  }

  @Test func manyAtOnceDoNotMix() async {
    await withTaskGroup(of: Bool.self) { group in
      for index in 0..<200 {
        group.addTask {
          let body = Array(String(repeating: "\(index) ", count: 2_000).utf8)
          let answer = await respond(index % 2 == 0 ? "gzip" : "zstd", body: body)
          return unpacked(answer.body, answer.encoding) == body
        }
      }
      for await isRight in group { #expect(isRight) }
    }
  }

  /// Ranges count the bytes of one form: what may be asked for in ranges goes as it is.
  @Test(arguments: ["Accept-Ranges", "Content-Range"])
  func whatHasRangesIsNotCompressed(name: String) async {
    let answer = await respond("gzip", type: "text/plain", headers: [.init(name, "bytes")])
    #expect(answer.encoding == nil && answer.vary == nil && answer.body == Self.text)
  }
}
