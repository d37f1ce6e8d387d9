import HTTP
import Model
import Testing

@testable import FeedAPIService

/// M6–M9, P11, P25: derived images.
@Suite struct ImageEndpointTests {
  private func process(_ api: TestAPI, _ url: String, _ query: String, token: TestAPI.Token = .server) async
    -> TestAPI.Answer
  {
    await api.about(.get, "images/", url: url, query, token: token)
  }

  private func derived(_ api: TestAPI, _ url: String, _ query: String, token: TestAPI.Token = .server) async throws
    -> String
  {
    let answer = await process(api, url, query, token: token)
    #expect(answer.status == 200 && answer.names == ["file", "duration"], "\(answer.body)")
    return try #require(answer.json?["file"]?.string)
  }

  @Test(arguments: ImageFormat.allCases)
  func aDerivedImageHasTheSizeAndItsOwnAddress(format: ImageFormat) async throws {
    let api = TestAPI()
    let source =
      format == .bmp
      ? BitmapDecoderTests.bitmap(40, 30, bits: 32, pixels: [UInt8](repeating: 90, count: 4_800))
      : try TestAPI.image(40, 30, as: format)
    let url = try await api.uploaded("images/", source, name: "photo.x")
    for (query, size) in [
      ("w=20", [20, 15]), ("w=10&h=12&resize=crop&crop=bottom,right", [10, 12]), ("w=7&h=9&resize=scale", [7, 9]),
      ("w=50&h=60&resize=fill", [50, 60]), ("w=12&h=12", [12, 9]), ("", [40, 30]),
    ] {
      let made = try await derived(api, url, query)
      #expect(made.prefix { $0 != "?" } != url.prefix { $0 != "?" }, "another path")
      let file = try await api.fetch(made)
      let kept = query.isEmpty ? format : format.derived
      #expect(file.status == 200 && file.header("Content-Type") == kept.contentType)
      #expect(made.contains(kept == format ? "/photo.x?" : "/photo.png?"))
      if kept == .bmp {
        #expect(file.response.body == source)
      } else {
        #expect(try TestAPI.size(file.response.body) == size, "\(query)")
      }
    }
  }

  /// The side that is named stays: the source gets redder to the right and greener to the bottom.
  @Test func theNamedSideStays() async throws {
    let api = TestAPI()
    let url = try await api.uploaded("images/", try TestAPI.image(60, 40), name: "a.png")
    func colour(_ crop: String, _ box: String) async throws -> [UInt8] {
      let made = try await derived(api, url, "\(box)&resize=crop&crop=\(crop)")
      // One pixel says enough.
      let dot = try await derived(api, made, "w=1&h=1&resize=scale")
      let png = try await api.fetch(dot).response.body
      return Array(try ImageProbe.pixel(of: png).prefix(2))
    }
    let (left, right) = (try await colour("left", "w=10&h=40"), try await colour("right", "w=10&h=40"))
    #expect(left[0] < 60 && right[0] > 180)
    let (top, bottom) = (try await colour("top", "w=60&h=8"), try await colour("bottom", "w=60&h=8"))
    #expect(top[1] < 60 && bottom[1] > 180)
    let middle = try await colour("center", "w=10&h=40")
    #expect((90...160).contains(middle[0]))
  }

  @Test func aDerivedImageBelongsToTheOwnerAndLivesAlone() async throws {
    let api = TestAPI()
    let url = try await api.uploaded("images/", try TestAPI.image(8, 8), name: "a.png", token: .user("alice"))
    let small = try await derived(api, url, "w=4", token: .user("alice"))
    #expect(try await derived(api, url, "w=4&resize=clip&crop=center") == small, "made once")
    #expect(try await derived(api, small, "w=2") != small)
    for about in [url, small] {
      let answer = await process(api, about, "w=3", token: .user("bob"))
      #expect(answer.status == 403 && answer.code == 17)
      #expect(await api.about(.delete, "images/", url: about, token: .user("bob")).status == 403)
    }
    #expect(await api.about(.delete, "images/", url: url, token: .user("alice")).status == 200)
    #expect(try await api.fetch(small).status == 200, "deleting one does not delete the other")
    #expect(await process(api, url, "w=4", token: .user("alice")).status == 404)
    #expect(await process(api, url, "w=4", token: .user("bob")).status == 404, "P30")
    #expect(await api.about(.delete, "images/", url: small, token: .user("alice")).status == 200)
    #expect(await process(api, small, "w=2").status == 404)
  }

  @Test func onlyImagesOfThisAppAreProcessed() async throws {
    let api = TestAPI()
    let file = try await api.uploaded("files/", try TestAPI.image(8, 8), name: "a.png")
    let image = try await api.uploaded("images/", try TestAPI.image(8, 8), name: "a.png")
    #expect(await process(api, file, "w=4").status == 404, "a file is no image")
    for foreign in ["http://other.test/a.png", "nonsense", "ftp://feeds.test/files/1/x/a", "//feeds.test/files"] {
      let answer = await process(api, foreign, "w=4")
      #expect(answer.status == 400 && answer.code == 4, "\(foreign)")
    }
    #expect(await process(api, "http://feeds.test/files/1/x/a.png", "w=4").status == 404)
    #expect(await process(api, image.replacing("http:", with: "https:"), "w=4").status == 200, "TLS may end before us")
    #expect(await api.call(.get, "images/", "w=4").code == 4)
    // Form comes before existence (C17).
    #expect(await process(api, "http://feeds.test/files/1/x/a.png", "w=0").status == 400)
    #expect(await process(api, image, "resize=crop").status == 400)
    #expect(await process(api, image, "w=4", token: .none).status == 401)
    #expect(await process(api, image, "w=4", token: .scope(resource: "feed", action: "*", feedID: nil)).status == 403)
    #expect(
      await process(api, image, "w=4", token: .scope(resource: "files", action: "read", feedID: nil)).status == 200)
  }

  @Test func sidesAreNotEnlargedBeyondTheLimit() async throws {
    let api = TestAPI { $0.images.sideMax = 50 }
    let url = try await api.uploaded("images/", try TestAPI.image(40, 30), name: "a.png")
    let made = try await derived(api, url, "w=500&h=500&resize=scale")
    #expect(try TestAPI.size(try await api.fetch(made).response.body) == [50, 50])
  }

  @Test func imagesOfTooManyPixelsAreRefused() async throws {
    let api = TestAPI { $0.images.pixelsMax = 1_000 }
    let large = try await api.uploaded("images/", try TestAPI.image(40, 30), name: "a.png")
    let bitmap = try await api.uploaded(
      "images/", BitmapDecoderTests.bitmap(40, 30, bits: 1, pixels: [UInt8](repeating: 0, count: 240)), name: "a.bmp")
    for url in [large, bitmap] {
      let answer = await process(api, url, "w=4")
      #expect(answer.status == 400 && answer.detail == "40 times 30 pixels are too many, at most 1000 are processed")
    }
    let small = try await api.uploaded("images/", try TestAPI.image(10, 10), name: "a.png")
    #expect(await process(api, small, "w=100&h=100&resize=fill").status == 400, "what would be made counts too")
    #expect(await process(api, small, "w=10&h=100&resize=fill").status == 200)
  }

  @Test func brokenImagesAreRefused() async throws {
    let api = TestAPI()
    for content in [
      Array(try TestAPI.image(8, 8).prefix(30)), [0xFF, 0xD8, 0xFF, 0xE0], Array("GIF89a".utf8),
      Array("RIFF....WEBPVP8 ".utf8), BitmapDecoderTests.bitmap(9, 9, bits: 24, pixels: [1]),
    ] {
      let url = try await api.uploaded("images/", content, name: "a")
      let answer = await process(api, url, "w=4")
      #expect(answer.status == 400 && answer.code == 4, "\(answer.body)")
    }
  }

  @Test func aSlowImageEndsInTime() async throws {
    let api = TestAPI { $0.images.milliseconds = 1 }
    let url = try await api.uploaded("images/", try TestAPI.image(1_000, 1_000), name: "a.png")
    let answer = await process(api, url, "w=4000&h=4000&resize=scale")
    #expect(answer.status == 503 && answer.header("Retry-After") != nil, "\(answer.body)")
  }

  @Test func anAppHasItsShareUnderWay() async throws {
    let share = AppShare(limit: 2)
    #expect(share.enter(AppID(1)) && share.enter(AppID(1)) && !share.enter(AppID(1)) && share.enter(AppID(2)))
    share.leave(AppID(1))
    #expect(share.enter(AppID(1)) && !share.enter(AppID(1)))
    let api = TestAPI {
      $0.images.jobsMax = 1
      $0.images.appJobsMax = 2
    }
    let url = try await api.uploaded("images/", try TestAPI.image(1_500, 1_500), name: "a.png")
    let statuses = await withTaskGroup(of: Int.self) { group in
      for side in 0..<8 { group.addTask { await process(api, url, "w=\(900 + side)&h=900&resize=scale").status } }
      return await group.reduce(into: []) { $0.append($1) }
    }
    #expect(statuses.contains(503) && statuses.filter { $0 == 200 }.count >= 2 && Set(statuses) == [200, 503])
    #expect(await process(api, url, "w=10").status == 200, "and may go on afterwards")
  }
}
