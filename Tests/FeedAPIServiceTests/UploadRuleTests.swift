import HTTP
import Model
import Testing

@testable import FeedAPIService

/// An app's own policies about files and images (insight D95): before the table of feeds 1.7.
@Suite struct UploadRuleTests {
  /// Without rules, with one that allows, with one that denies, with one that denies a user's own.
  private func rules(_ resource: String, _ action: String) -> [[AccessRule]] {
    [
      [], [.init(name: "allow", effect: .allow, resource: resource, action: action)],
      [.init(name: "deny", effect: .deny, resource: resource, action: action)],
      [.init(name: "deny own", effect: .deny, resource: resource, action: action, ownerOnly: true)],
    ]
  }

  @Test(arguments: ["files", "images"])
  func rulesDecideAboutUploads(resource: String) async throws {
    let statuses = [[201, 201, 403, 403], [403, 200, 403, 403], [200, 200, 403, 403], [403, 200, 403, 403]]
    for (index, set) in rules(resource, "write").enumerated() {
      let answer = await TestAPI(rules: set).upload(
        "\(resource)/", try TestAPI.image(4, 4), name: "a.png", token: .user("eve"))
      #expect(answer.status == statuses[0][index])
    }
    for (row, owner) in [TestAPI.Token.user("bob"), .user("eve"), .server].enumerated() {
      for (index, set) in rules(resource, "delete").enumerated() {
        let api = TestAPI(rules: set)
        let url = try await api.uploaded("\(resource)/", try TestAPI.image(4, 4), name: "a.png", token: owner)
        let answer = await api.about(.delete, "\(resource)/", url: url, token: .user("eve"))
        #expect(answer.status == statuses[row + 1][index], "\(owner) \(set)")
      }
    }
  }

  /// Another image is made, so it is a write, though the request is a GET.
  @Test func processingIsWriting() async throws {
    let statuses = [[403, 200, 403, 403], [200, 200, 403, 403]]
    for (row, owner) in ["bob", "eve"].enumerated() {
      for (index, set) in rules("images", "write").enumerated() {
        let api = TestAPI(rules: set)
        // By a server on the user's behalf, whom rules do not bind.
        let url = try await api.uploaded(
          "images/", try TestAPI.image(4, 4), name: "a.png", token: .text(TestAPI.onBehalfOf(owner)))
        let answer = await api.about(.get, "images/", url: url, "w=2", token: .user("eve"))
        #expect(answer.status == statuses[row][index], "\(owner) \(set)")
        #expect(await api.about(.get, "images/", url: url, "w=2").status == 200, "servers have no policies")
      }
      let reading = TestAPI(rules: [.init(name: "read", effect: .allow, resource: "images", action: "read")])
      let url = try await reading.uploaded(
        "images/", try TestAPI.image(4, 4), name: "a.png", token: .text(TestAPI.onBehalfOf("bob")))
      #expect(await reading.about(.get, "images/", url: url, "w=2", token: .user("eve")).status == 403)
    }
  }

  @Test func rulesThatNeedNoLookDecideFirst() async throws {
    let api = TestAPI(rules: [.init(name: "no", effect: .deny, resource: "*", action: "*")])
    let unknown = "http://feeds.test/files/1/\(String(repeating: "0", count: 32))/a.png"
    for (method, path) in [(HTTPMethod.delete, "files/"), (.delete, "images/"), (.get, "images/"), (.get, "og/")] {
      #expect(await api.about(method, path, url: unknown, "w=2", token: .user("eve")).status == 403)
    }
    #expect(await api.about(.delete, "files/", url: unknown).status == 404)
  }
}
