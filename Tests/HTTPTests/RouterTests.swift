import HTTP
import Testing

@Suite struct RouterTests {
  private func router() -> Router<String> {
    var router = Router<String>()
    router.add(.get, "/", "root")
    router.add(.get, "/feed/{group}/{id}/", "read")
    router.add(.post, "/feed/{group}/{id}/", "add")
    router.add(.get, "/feed/{group}/{id}/following/", "following")
    router.add(.delete, "/feed/{group}/{id}/{activity}/", "delete")
    router.add(.post, "/feed/add_to_many/", "many")
    router.add(.get, "/files/{path...}", "files")
    return router
  }

  private func describe(_ method: HTTPMethod, _ path: String) -> String {
    switch router().match(method, path: path) {
    case .found(let value, let parameters): ([value] + parameters.values).joined(separator: " ")
    case .methodNotAllowed(let allow): "405 " + allow.map(\.description).joined(separator: ",")
    case .notFound: "404"
    case .malformed: "400"
    }
  }

  @Test(arguments: [
    ("GET", "/", "root"), ("GET", "//", "root"), ("GET", "", "root"),
    ("GET", "/feed/user/1/", "read user 1"), ("GET", "/feed/user/1", "read user 1"),
    ("GET", "//feed///user/1//", "read user 1"),
    ("POST", "/feed/user/1/", "add user 1"), ("HEAD", "/feed/user/1/", "read user 1"),
    ("POST", "/feed/add_to_many", "many"), ("POST", "/feed/add_to_many/1", "add add_to_many 1"),
    ("GET", "/feed/add_to_many", "405 POST"),
    ("GET", "/feed/user/1/following/", "following user 1"),
    ("DELETE", "/feed/user/1/abc/", "delete user 1 abc"), ("DELETE", "/feed/user/1/following/", "405 GET,HEAD"),
    ("GET", "/feed/user/1/abc/", "405 DELETE"), ("PUT", "/feed/user/1", "405 GET,POST,HEAD"),
    ("GET", "/feed/user", "404"), ("GET", "/feed/user/1/abc/d", "404"), ("GET", "/Feed/user/1", "404"),
    ("GET", "/feed/us%65r/a%2Fb/", "read user a/b"), ("GET", "/f%65ed/user/%C3%A4", "read user ä"),
    ("GET", "/feed/user/a+b", "read user a+b"),
    ("GET", "/feed/user/%ff/", "400"), ("GET", "/feed/user/%00/", "400"), ("GET", "/feed/user/%4/", "400"),
    ("GET", "/files/a/b.png", "files a/b.png"), ("GET", "/files/", "404"),
  ])
  func routes(method: String, path: String, expected: String) {
    let methods: [String: HTTPMethod] = [
      "GET": .get, "HEAD": .head, "POST": .post, "PUT": .put, "DELETE": .delete,
    ]
    #expect(describe(methods[method] ?? .other(method), path) == expected)
  }

  @Test func queriesAreFormDecodedInOrder() throws {
    let query = try QueryParameters("a=1&b=x+y%2B&a=2&flag&=v&&%C3%A4=%E2%82%AC&c=d=e")
    #expect(
      query.pairs == [
        .init("a", "1"), .init("b", "x y+"), .init("a", "2"), .init("flag", ""), .init("", "v"), .init("ä", "€"),
        .init("c", "d=e"),
      ])
    #expect(query["a"] == "1")
    #expect(query.all("a") == ["1", "2"])
    #expect(query["missing"] == nil)
    for broken in ["a=%", "a=%4", "a=%zz", "a=%ff", "a=%00", "%c3=1"] {
      #expect(throws: QueryParameters.Invalid.self, "\(broken)") { try QueryParameters(broken) }
    }
  }

  @Test(arguments: [
    ("ids=a,b,%20c%20,,", ["a", "b", "c"]), ("ids=a&ids=b", ["a", "b"]), ("ids[]=a&ids[]=b", ["a", "b"]),
    ("ids%5B%5D=a&ids%5b1%5d=b", ["a", "b"]), ("ids[0]=a&ids[1]=b,c", ["a", "b", "c"]), ("ids=", []), ("x=1", []),
    ("ids[key]=a", []), ("idsx[]=a", []), ("ids=a+b,%09c", ["a b", "c"]),
  ])
  func listsComeInEveryForm(query: String, expected: [String]) throws {
    #expect(try QueryParameters(query).list("ids") == expected)
  }

  @Test func bracketsAreSeen() throws {
    #expect(try QueryParameters("limit[]=3").isBracketed("limit"))
    #expect(try QueryParameters("limit[a]=3").isBracketed("limit"))
    #expect(try !QueryParameters("limit=3&limits[]=1").isBracketed("limit"))
  }

  @Test func booleansAndIntegers() throws {
    for text in ["true", "True", "TRUE", "t", "T", "1"] { #expect(try QueryParameters("x=\(text)").boolean("x")) }
    for text in ["false", "0", "", "yes", "2", "f"] { #expect(try !QueryParameters("x=\(text)").boolean("x")) }
    #expect(try !QueryParameters("").boolean("x"))
    #expect(try QueryParameters("limit=10").integer("limit") == 10)
    #expect(try QueryParameters("").integer("limit") == nil)
    for text in ["-1", "+1", "%2B1", "1.5", "a", "", "99999999999999999999", "1e3", "%D9%A1"] {
      #expect(throws: QueryParameters.Invalid.self, "\(text)") { try QueryParameters("limit=\(text)").integer("limit") }
    }
  }
}
