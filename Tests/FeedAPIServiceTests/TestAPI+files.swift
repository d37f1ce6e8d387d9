import EventLoop
import Foundation
import HTTP
import JSON
import Telemetry
import Testing

@testable import FeedAPIService

extension TestAPI {
  static let formType = "multipart/form-data; boundary=----form"

  /// A form with one part.
  static func form(
    _ content: [UInt8], name: String? = "helloworld.txt", type: String? = nil, part: String = "file"
  ) -> [UInt8] {
    let head =
      "------form\r\nContent-Disposition: form-data; name=\"\(part)\"" + (name.map { "; filename=\"\($0)\"" } ?? "")
      + (type.map { "\r\nContent-Type: \($0)" } ?? "") + "\r\n\r\n"
    return Array(head.utf8) + content + Array("\r\n------form--\r\n".utf8)
  }

  /// `POST` of a form to `files/` or `images/`.
  func upload(
    _ path: String, _ content: [UInt8], name: String? = "helloworld.txt", type: String? = nil, token: Token = .server,
    key: String = "key", headers: [(String, String)] = []
  ) async -> Answer {
    await raw(
      .post, "/api/v1.0/\(path)", "api_key=\(key)", body: Self.form(content, name: name, type: type), token: token,
      headers: [("Content-Type", Self.formType), ("Host", "feeds.test")] + headers)
  }

  /// An upload whose address is needed.
  func uploaded(
    _ path: String, _ content: [UInt8], name: String? = "helloworld.txt", type: String? = nil, token: Token = .server
  ) async throws -> String {
    let answer = await upload(path, content, name: name, type: type, token: token)
    #expect(answer.status == 201, "\(answer.body)")
    return try #require(answer.json?["file"]?.string)
  }

  /// A request below `/api/v1.0/` that names an upload by its address.
  func about(
    _ method: HTTPMethod, _ path: String, url: String, _ query: String = "", token: Token = .server,
    key: String = "key"
  ) async -> Answer {
    await call(
      method, path, "url=\(PercentEncoding.encode(url))&\(query)", token: token, key: key,
      headers: [("Host", "feeds.test")])
  }

  /// Fetches an address without a token; all pieces of a streamed body are left out.
  func fetch(_ url: String, _ method: HTTPMethod = .get, headers: [(String, String)] = []) async throws -> Answer {
    let parts = try #require(URLComponents(string: url))
    return await raw(
      method, parts.percentEncodedPath, parts.percentEncodedQuery ?? "", token: .none, headers: headers)
  }

  /// Serves the API over HTTP while `body` runs, which gets its address.
  func served(_ body: (String) async throws -> Void) async throws {
    let group = EventLoopGroup(count: 1, name: "served")
    let server = HTTPServer(group: group, logger: .silent, metrics: Metrics(), handler: handler)
    let port = try await server.start(on: .init(host: "127.0.0.1", port: 0))
    var failure: (any Error)?
    do { try await body("http://127.0.0.1:\(port)") } catch { failure = error }
    await server.drain(timeoutMilliseconds: 1_000)
    group.stop()
    if let failure { throw failure }
  }

  /// An image whose pixels change from left to right (red) and from top to bottom (green); a large one is a small one
  /// enlarged.
  static func image(_ width: Int, _ height: Int, as format: ImageFormat = .png) throws -> [UInt8] {
    var pixels: [UInt8] = []
    let size = ImagePlan.Size(width: min(width, 60), height: min(height, 60))
    for row in 0..<size.height {
      for column in 0..<size.width {
        pixels += [UInt8(column * 255 / size.width), UInt8(row * 255 / size.height), 0, 255]
      }
    }
    var request = ImageRequest(width: width, height: height, resize: .scale)
    if size == .init(width: width, height: height) { request = ImageRequest() }
    return try ImageCodec.make(
      .pixels(pixels, size), ImagePlan(size, request, sideMax: 4_096), as: format, microseconds: 60_000_000)
  }

  /// Width and height of an image.
  static func size(_ bytes: [UInt8]) throws -> [Int] {
    let size = try ImageCodec.size(.encoded(bytes, try #require(ImageFormat(sniffing: bytes))))
    return [size.width, size.height]
  }
}
