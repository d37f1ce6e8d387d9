import HTTP
import Model
import ObjectStorage
import Testing

@testable import FeedAPIService

/// 2.12, M1–M5, L21, P11, P25, P30: files and images are uploaded, fetched, deleted.
@Suite struct UploadEndpointTests {
  private static let png: [UInt8] = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A, 1, 2, 3]

  // MARK: M1

  @Test func aFileHasAnAddressThatAnyoneCanFetch() async throws {
    let api = TestAPI()
    let answer = await api.upload("files/", Array("hello".utf8), type: "text/plain")
    #expect(answer.status == 201 && answer.names == ["file", "duration"])
    let url = try #require(answer.json?["file"]?.string)
    #expect(
      url.wholeMatch(of: /http:\/\/feeds\.test\/files\/1\/[0-9a-f]{32}\/helloworld\.txt\?sig=[A-Za-z0-9_-]{43}/) != nil,
      "\(url)")
    let file = try await api.fetch(url)
    #expect(file.status == 200 && file.body == "hello" && file.header("Content-Type") == "text/plain")
    let head = try await api.fetch(url, .head)
    #expect(head.status == 200 && head.response.streamBytes == 5 && head.header("Content-Type") == "text/plain")
    #expect(try await api.fetch(url, .post).status == 405)
    #expect(api.objects.names.allSatisfy { $0.hasPrefix("apps/1/uploads/") } && api.objects.names.count == 1)
  }

  @Test func theOperatorMaySetTheOrigin() async throws {
    let api = TestAPI(publicOrigin: "https://cdn.example.org")
    let url = try await api.uploaded("images/", Self.png, name: "a.png")
    #expect(url.hasPrefix("https://cdn.example.org/files/1/"))
    // Known by both names.
    #expect(
      await api.about(.delete, "images/", url: url.replacing("https://cdn.example.org", with: "http://feeds.test"))
        .status == 200)
    let other = try await api.uploaded("images/", Self.png, name: "a.png")
    #expect(await api.about(.delete, "images/", url: other).status == 200)
  }

  @Test func aWrongSignatureIsRefused() async throws {
    let api = TestAPI()
    let url = try await api.uploaded("files/", [1])
    let (path, query) = try #require(url.firstIndex(of: "?").map { (String(url[..<$0]), String(url[$0...])) })
    let id = try #require(path.split(separator: "/").dropLast().last.map(String.init))
    let turned = String(query.dropLast()) + (query.last == "A" ? "Q" : "A")
    let elsewhere = path.replacing("/files/1/", with: "/files/2/")
    let renamed = path.replacing("helloworld.txt", with: "helloworld.html")
    let otherID = path.replacing(id, with: String(repeating: "0", count: 32))
    var wrongs: [String] = [path, path + "?sig=", path + turned]
    wrongs += ["A", "&expires=99999999999", "&expires=x"].map { path + query + $0 }
    wrongs += [elsewhere, renamed, otherID].map { $0 + query }
    for wrong in wrongs {
      let answer = try await api.fetch(wrong)
      #expect(answer.status == 403 && answer.code == 17, "\(wrong)")
    }
    for nowhere in ["http://x/files/", "http://x/files/1/", "http://x/files/1/\(id)", "http://x/files/01/\(id)/a"] {
      #expect(try await api.fetch(nowhere + query).status == 404, "\(nowhere)")
    }
    #expect(try await api.fetch(url).status == 200)
  }

  @Test func addressesExpireIfTheOperatorWants() async throws {
    let api = TestAPI { $0.fileURLSeconds = 60 }
    let url = try await api.uploaded("files/", [1])
    #expect(url.contains("?expires="))
    #expect(try await api.fetch(url).status == 200)
    // The same signed for a moment that has passed.
    let address = try #require(FileAddress(path: String(url.dropFirst("http://feeds.test".count).prefix { $0 != "?" })))
    let signer = TestAPI.signer
    let past = try await api.fetch(
      "http://feeds.test\(address.path)?expires=1000&sig=\(signer.signature(address, expires: 1_000))")
    #expect(past.status == 403 && past.detail == "the address of the file has expired")
    #expect(
      try await api.fetch("http://feeds.test\(address.path)?sig=\(signer.signature(address, expires: 1_000))").status
        == 403)
  }

  @Test(
    arguments: [
      ("bytes=0-0", 206, "a", "bytes 0-0/10"), ("bytes=2-4", 206, "cde", "bytes 2-4/10"),
      ("bytes=7-", 206, "hij", "bytes 7-9/10"), ("bytes=-2", 206, "ij", "bytes 8-9/10"),
      ("bytes=-99", 206, "abcdefghij", "bytes 0-9/10"), ("bytes=5-99999999999999999999", 206, "fghij", "bytes 5-9/10"),
      ("bytes=10-", 416, nil, "bytes */10"), ("bytes=-0", 416, nil, "bytes */10"),
      ("bytes=4-2", 200, "abcdefghij", nil), ("bytes=0-1,3-4", 200, "abcdefghij", nil),
      ("lines=1-2", 200, "abcdefghij", nil),
      ("bytes=", 200, "abcdefghij", nil), ("bytes=-", 200, "abcdefghij", nil), ("bytes=a-b", 200, "abcdefghij", nil),
    ] as [(String, Int, String?, String?)])
  func partsCanBeFetched(range: String, status: Int, body: String?, contentRange: String?) async throws {
    let api = TestAPI()
    let url = try await api.uploaded("files/", Array("abcdefghij".utf8), type: "text/plain")
    let answer = try await api.fetch(url, headers: [("Range", range)])
    #expect(answer.status == status && answer.header("Content-Range") == contentRange)
    if let body { #expect(answer.body == body) }
    let tag = try #require(answer.status == 416 ? "\"x\"" : answer.header("ETag"))
    if status == 206 {
      #expect(try await api.fetch(url, headers: [("Range", range), ("If-Range", tag)]).status == 206)
      #expect(try await api.fetch(url, headers: [("Range", range), ("If-Range", "\"other\"")]).status == 200)
    }
    if status == 200 {
      #expect(answer.header("Accept-Ranges") == "bytes")
      #expect(try await api.fetch(url, headers: [("If-None-Match", "\"x\", W/\(tag)")]).status == 304)
      #expect(try await api.fetch(url, headers: [("If-None-Match", "\"x\"")]).status == 200)
    }
  }

  /// What is larger than a piece is streamed, whole or in part; the bytes come through a real connection.
  @Test func largeFilesAreStreamed() async throws {
    let api = TestAPI()
    let content = (0..<3_000_001).map { UInt8(truncatingIfNeeded: $0 &* 7 >> 3) }
    let url = try await api.uploaded("files/", content, name: "big.bin")
    let path = String(url.dropFirst("http://feeds.test".count))
    try await api.served { base in
      let client = HTTPClient()
      let whole = try await client.send(.init(url: base + path))
      #expect(whole.status == 200 && whole.body == content && whole.header("Content-Length") == "3000001")
      let part = try await client.send(.init(url: base + path, headers: [.init("Range", "bytes=10-2500009")]))
      #expect(part.status == 206 && part.body == Array(content[10..<2_500_010]))
    }
  }

  @Test(arguments: [
    ("text/html", "attachment"), ("image/svg+xml", "attachment"), ("application/pdf", "attachment"),
    ("text/xml", "attachment"), ("text/javascript", "attachment"), ("application/octet-stream", "attachment"),
    ("image/png", "inline"), ("text/plain; charset=utf-8", "inline"), ("video/mp4", "inline"), ("audio/mpeg", "inline"),
  ])
  func whatIsUploadedNeverRunsAsAScript(type: String, disposition: String) async throws {
    let api = TestAPI()
    let url = try await api.uploaded(
      "files/", Array("<script>alert(1)</script>".utf8), name: "a'b;<>.html", type: type)
    let file = try await api.fetch(url)
    let expected = type == "application/octet-stream" ? "text/html" : type
    #expect(file.header("Content-Type") == expected)
    #expect(file.header("Content-Disposition")?.hasPrefix("\(disposition); filename=\"a_b_") == true)
    #expect(file.header("X-Content-Type-Options") == "nosniff")
    #expect(file.header("Content-Security-Policy") == "default-src 'none'; sandbox")
    #expect(file.header("Access-Control-Allow-Origin") == "*", "C21")
  }

  // MARK: M2

  @Test(
    arguments: [
      ("helloworld.txt", "helloworld.txt"), ("my photo (1).png", "my_photo__1_.png"), ("../../etc/passwd", "passwd"),
      ("C:\\dir\\f.txt", "f.txt"), ("..", "file.txt"), (".hidden", "hidden"), ("\u{e4}\u{f6}.txt", "__.txt"),
      ("???", "file.txt"),
      ("", "file.txt"), (nil, "file.txt"),
      (String(repeating: "a", count: 200) + ".jpeg", String(repeating: "a", count: 123) + ".jpeg"),
    ] as [(String?, String)])
  func namesAreReduced(sent: String?, name: String) async throws {
    #expect(FileName.reduced(sent, contentType: "text/plain") == name)
    let api = TestAPI()
    let url = try await api.uploaded("files/", [1], name: sent, type: "text/plain")
    #expect(url.contains("/\(name)?"))
    #expect(try await api.fetch(url).status == 200)
  }

  @Test(
    arguments: [
      (nil, "a.pdf", "application/pdf"), ("application/octet-stream", "a.PNG", "image/png"),
      (nil, "a", FileType.unknown),
      (nil, nil, FileType.unknown), ("text/html\u{1}", "a.txt", "text/plain"), ("nonsense", "a.txt", "text/plain"),
      ("TEXT/Plain; charset=UTF-8", "a.pdf", "text/plain; charset=utf-8"),
      ("multipart/mixed", "a.zip", "application/zip"),
    ] as [(String?, String?, String)])
  func aTypeIsWhatTheSenderSaysElseWhatTheNameTells(sent: String?, name: String?, type: String) {
    #expect(FileType.of(sent: sent, name: name) == type)
  }

  // MARK: M3

  @Test(
    arguments: [
      ([0xFF, 0xD8, 0xFF, 0xE0], "image/jpeg", nil), (png, "image/png", nil),
      (Array("GIF89a...".utf8), "image/gif", nil),
      (Array("RIFF....WEBPVP8 ".utf8), "image/webp", nil),
      (Array("BM....\0\0\0\0................".utf8), "image/bmp", nil),
      (Array("hello world".utf8), nil, "application/octet-stream"),
      (Array("<svg/>".utf8), nil, "application/octet-stream"),
      (Array("BMW is a car".utf8), nil, "application/octet-stream"), (Array("%PDF-1.7".utf8), nil, "application/pdf"),
      (Array("II*\0....".utf8), nil, "image/tiff"), (Array("....ftypheic".utf8), nil, "image/heic"),
      ([0x50, 0x4B, 3, 4], nil, "application/zip"),
    ] as [([UInt8], String?, String?)])
  func imagesAreJudgedByTheirContent(content: [UInt8], type: String?, refused: String?) async throws {
    let api = TestAPI()
    let answer = await api.upload("images/", content, name: "a.png", type: "image/png")
    if let type {
      #expect(answer.status == 201)
      #expect(try await api.fetch(try #require(answer.json?["file"]?.string)).header("Content-Type") == type)
    }
    if let refused {
      #expect(answer.status == 400 && answer.code == 4)
      #expect(answer.detail == "File type \(refused) is not supported")
      #expect(await api.upload("files/", content).status == 201, "files may be anything")
    }
  }

  // MARK: M4, L21

  @Test(arguments: ["files/", "images/"])
  func whatIsNoFormWithAFileIsRefused(path: String) async {
    let api = TestAPI { $0.form.partsMax = 2 }
    func send(_ body: [UInt8], _ type: String = TestAPI.formType) async -> TestAPI.Answer {
      await api.raw(.post, "/api/v1.0/\(path)", "api_key=key", body: body, headers: [("Content-Type", type)])
    }
    let whole = TestAPI.form(Self.png)
    for (body, type) in [
      ([], TestAPI.formType), (whole, "application/json"), (whole, "multipart/form-data"),
      (TestAPI.form(Self.png, part: "image"), TestAPI.formType), (TestAPI.form([]), TestAPI.formType),
      (Array(whole.dropLast(8)), TestAPI.formType), (Array("{}".utf8), "application/json"),
      (whole.dropLast(14) + whole.dropFirst(0), "multipart/form-data; boundary=other"),
    ] as [([UInt8], String)] {
      let answer = await send(body, type)
      #expect(answer.status == 400 && answer.code == 4, "\(answer.body)")
    }
    #expect(await send(whole).status == 201)
    let part = "------form\r\nContent-Disposition: form-data; name=a\r\n\r\nv\r\n"
    #expect(await send(Array((part + part).utf8) + whole).detail == "the form has more than 2 parts")
    #expect(await send(Array(part.utf8) + whole).status == 201, "other parts are ignored")
    #expect(api.objects.names.count == 2)
  }

  @Test func anUploadMayBeLargerThanOtherBodies() async {
    let api = TestAPI {
      $0.bodyBytesMax = 100
      $0.uploadBytesMax = 2_000
    }
    #expect(await api.upload("files/", [UInt8](repeating: 1, count: 1_500)).status == 201)
    let over = await api.upload("files/", [UInt8](repeating: 1, count: 2_000))
    #expect(over.status == 413 && over.code == 18)
    #expect(await api.upload("files/", [UInt8](repeating: 1, count: 2_000), token: .text("x")).status == 401, "C17")
    let plain = await api.call(.post, "feed/user/1/", body: String(repeating: " ", count: 101))
    #expect(plain.status == 413)
    func head(_ method: HTTPMethod, _ path: String) -> Int {
      api.handler.bodyBytesMax(for: HTTPRequest(method: method, path: path), limit: 100)
    }
    #expect(
      head(.post, "/api/v1.0/files/") == 2_000 + (1 << 20)
        && head(.post, "/api/v1.0/images") == head(.post, "/api/v1.0/files"))
    #expect(head(.delete, "/api/v1.0/files/") == 200 && head(.post, "/api/v1.0/feed/user/1/") == 200)
  }

  // MARK: M5, P11, P25, P30

  @Test(arguments: ["files/", "images/"])
  func whatIsDeletedIsGone(path: String) async throws {
    let api = TestAPI()
    let url = try await api.uploaded(path, Self.png, name: "a.png")
    let bare = String(url.prefix { $0 != "?" })
    #expect(await api.about(.delete, path == "files/" ? "images/" : "files/", url: url).status == 404, "another kind")
    #expect(
      await api.about(.delete, path, url: bare + "?other=1").steadyBody == #"{"duration":"D"}"#, "without its query")
    #expect(api.objects.names.isEmpty)
    let again = await api.about(.delete, path, url: url)
    #expect(again.status == 404 && again.code == 16)
    #expect(try await api.fetch(url).status == 404)
    for unknown in [
      "http://feeds.test/files/1/\(String(repeating: "0", count: 32))/a.png", "http://other.test/a.png", "nonsense",
      "http://feeds.test/files/1/x/a.png", "ftp://feeds.test/x",
    ] {
      #expect(await api.about(.delete, path, url: unknown).status == 404, "\(unknown)")
    }
    #expect(await api.call(.delete, path).status == 400)
    #expect(await api.call(.delete, path, "url=").status == 400)
  }

  @Test(arguments: ["files/", "images/"])
  func onlyTheOwnerAndServersDelete(path: String) async throws {
    let api = TestAPI()
    let url = try await api.uploaded(path, Self.png, name: "a.png", token: .user("alice"))
    let refused = await api.about(.delete, path, url: url, token: .user("bob"))
    #expect(refused.status == 403 && refused.code == 17 && refused.detail == APIError.policyRefusal)
    #expect(await api.about(.delete, path, url: url, token: .user("alice")).status == 200)
    #expect(await api.about(.delete, path, url: url, token: .user("bob")).status == 404, "existence comes first")
    let second = try await api.uploaded(path, Self.png, name: "a.png", token: .user("alice"))
    #expect(await api.about(.delete, path, url: second).status == 200, "a server may")
    // Of a server nobody but servers; on behalf of a user, that user.
    let servers = try await api.uploaded(path, Self.png, name: "a.png")
    #expect(await api.about(.delete, path, url: servers, token: .user("alice")).status == 403)
    let behalf = try await api.uploaded(path, Self.png, name: "a.png", token: .text(TestAPI.onBehalfOf("alice")))
    #expect(await api.about(.delete, path, url: behalf, token: .user("alice")).status == 200)
  }

  @Test func scopesHold() async {
    let api = TestAPI()
    func status(_ resource: String, _ action: String, feed: String? = nil) async -> Int {
      await api.upload(
        "files/", [1], token: .scope(resource: resource, action: action, feedID: feed)
      ).status
    }
    #expect(await status("files", "write") == 201)
    #expect(await status("*", "*") == 201)
    #expect(await status("files", "read") == 403)
    #expect(await status("feed", "*") == 403)
    #expect(await status("*", "*", feed: "user1") == 403)
    #expect(await api.upload("files/", [1], token: .none).status == 401)
    // The other app lets those without a token read its public feeds, and nothing else (A14).
    #expect(await api.upload("files/", [1], token: .none, key: "other").status == 401)
  }

  @Test func appsDoNotReachEachOthers() async throws {
    let api = TestAPI()
    let url = try await api.uploaded("images/", Self.png, name: "a.png")
    let other = TestAPI.Token.text(TestAPI.otherServerToken)
    #expect(await api.about(.delete, "images/", url: url, token: other, key: "other").status == 404)
    #expect(await api.about(.get, "images/", url: url, "w=5", token: other, key: "other").status == 404)
    // The same id under the other app's number is none of its own either.
    let moved = url.replacing("/files/1/", with: "/files/2/")
    #expect(await api.about(.delete, "images/", url: moved, token: other, key: "other").status == 404)
    #expect(await api.about(.delete, "images/", url: moved).status == 404)
    #expect(try await api.fetch(url).status == 200)
  }

  @Test func aSuspendedAppServesNoFiles() async throws {
    let api = TestAPI()
    let address = FileAddress(app: AppID(3), id: try #require(.init(String(repeating: "0", count: 32))), name: "a")
    let url = "http://feeds.test\(address.path)?sig=\(TestAPI.signer.signature(address, expires: nil))"
    #expect(try await api.fetch(url).code == 7)
    let unknown = FileAddress(app: AppID(9), id: address.id, name: "a")
    let nowhere = "http://feeds.test\(unknown.path)?sig=\(TestAPI.signer.signature(unknown, expires: nil))"
    #expect(try await api.fetch(nowhere).status == 404)
  }

  // MARK: C12c, failures

  @Test func anUploadWithAKeyHappensOnce() async throws {
    let api = TestAPI()
    let content = [UInt8](repeating: 5, count: 200_000)
    let first = await api.upload("files/", content, headers: [("Idempotency-Key", "k")])
    let second = await api.upload("files/", content, headers: [("Idempotency-Key", "k")])
    #expect(first.status == 201 && second.steadyBody == first.steadyBody && api.objects.names.count == 1)
    let other = await api.upload("files/", content + [1], headers: [("Idempotency-Key", "k")])
    #expect(other.status == 409 && other.code == 22)
    #expect(await api.upload("files/", content).steadyBody != first.steadyBody)
    // What failed half way is the same upload when it comes again.
    api.objects.fail(.unavailable("away"))
    let third = await api.upload("files/", content, headers: [("Idempotency-Key", "l")])
    #expect(third.status == 503 && third.header("Retry-After") != nil)
    api.objects.fail(nil)
    #expect(await api.upload("files/", content, headers: [("Idempotency-Key", "l")]).status == 201)
    #expect(api.objects.names.count == 3)
  }

  @Test func anAbsentStorageIsToldAsOne() async throws {
    let api = TestAPI()
    let url = try await api.uploaded("files/", [1])
    for (failure, status) in [(.unavailable("x"), 503), (.forbidden("the secret reason"), 500)]
      as [(ObjectStorageError, Int)]
    {
      api.objects.fail(failure)
      let upload = await api.upload("files/", [1])
      #expect(upload.status == status && !upload.body.contains("secret reason"))
      #expect(await api.about(.delete, "files/", url: url).status == status)
      #expect(try await api.fetch(url).status == 503)
    }
    api.objects.fail(nil)
    #expect(try await api.fetch(url).status == 200, "a deletion that failed can be repeated")
    #expect(await api.about(.delete, "files/", url: url).status == 200)
  }
}
