import Testing

/// Requests, most of them malformed or made for smuggling, each with the answer it must get (RFC 9110 and 9112).
///
/// In `bytes` each scalar below U+0100 stands for one byte. Sizes are against the default limits.
struct RequestCase: CustomTestStringConvertible, Sendable {
  enum Expected: Equatable, Sendable {
    /// Refused with this status.
    case refused(Int)
    /// Taken: method, path, query, body in brackets, Host or `-`.
    case taken(String)
  }

  let name: String
  let expected: Expected
  let bytes: [UInt8]
  var testDescription: String { name }

  init(_ name: String, _ status: Int, _ text: String) {
    self.init(name, .refused(status), text)
  }

  init(_ name: String, taken: String, _ text: String) {
    self.init(name, .taken(taken), text)
  }

  private init(_ name: String, _ expected: Expected, _ text: String) {
    self.name = name
    self.expected = expected
    bytes = text.unicodeScalars.map { UInt8($0.value) }
  }
}

private func times(_ count: Int, _ text: String) -> String { String(repeating: text, count: count) }

let requestCorpus: [RequestCase] =
  requestCases1() + requestCases2() + requestCases3() + requestCases4() + requestCases5()

private func requestCases1() -> [RequestCase] {
  [
    RequestCase("two spaces after method", 400, "GET  / HTTP/1.1\r\nHost: h\r\n\r\n"),
    RequestCase("two spaces before version", 400, "GET /  HTTP/1.1\r\nHost: h\r\n\r\n"),
    RequestCase("tab after method", 400, "GET\u{9}/ HTTP/1.1\r\nHost: h\r\n\r\n"),
    RequestCase("tab before version", 400, "GET /\u{9}HTTP/1.1\r\nHost: h\r\n\r\n"),
    RequestCase("space before method", 400, " GET / HTTP/1.1\r\nHost: h\r\n\r\n"),
    RequestCase("space after version", 400, "GET / HTTP/1.1 \r\nHost: h\r\n\r\n"),
    RequestCase("no version (HTTP/0.9)", 400, "GET /\r\nHost: h\r\n\r\n"),
    RequestCase("no target", 400, "GET HTTP/1.1\r\nHost: h\r\n\r\n"),
    RequestCase("empty target", 400, "GET  HTTP/1.1\r\nHost: h\r\n\r\n"),
    RequestCase("method alone", 400, "GET\r\nHost: h\r\n\r\n"),
    RequestCase("version in lower case", 400, "GET / http/1.1\r\nHost: h\r\n\r\n"),
    RequestCase("version with mixed case", 400, "GET / HTtP/1.1\r\nHost: h\r\n\r\n"),
    RequestCase("version without slash", 400, "GET / HTTP1.1\r\nHost: h\r\n\r\n"),
    RequestCase("version without minor", 400, "GET / HTTP/1\r\nHost: h\r\n\r\n"),
    RequestCase("version with two digit minor", 400, "GET / HTTP/1.11\r\nHost: h\r\n\r\n"),
    RequestCase("version with two digit major", 400, "GET / HTTP/11.1\r\nHost: h\r\n\r\n"),
    RequestCase("version with comma", 400, "GET / HTTP/1,1\r\nHost: h\r\n\r\n"),
    RequestCase("version with sign", 400, "GET / HTTP/+1.1\r\nHost: h\r\n\r\n"),
    RequestCase("version with letter", 400, "GET / HTTP/1.x\r\nHost: h\r\n\r\n"),
    RequestCase("version with trailing letter", 400, "GET / HTTP/1.1a\r\nHost: h\r\n\r\n"),
    RequestCase("other protocol", 400, "GET / ICAP/1.1\r\nHost: h\r\n\r\n"),
    RequestCase("HTTP/2.0", 505, "GET / HTTP/2.0\r\nHost: h\r\n\r\n"),
    RequestCase("HTTP/1.2", 505, "GET / HTTP/1.2\r\nHost: h\r\n\r\n"),
    RequestCase("HTTP/0.9 named", 505, "GET / HTTP/0.9\r\nHost: h\r\n\r\n"),
    RequestCase("HTTP/3.0", 505, "GET / HTTP/3.0\r\nHost: h\r\n\r\n"),
    RequestCase("HTTP/9.9", 505, "GET / HTTP/9.9\r\nHost: h\r\n\r\n"),
    RequestCase("HTTP/2 preface line", 505, "PRI * HTTP/2.0\r\nHost: h\r\n\r\n"),
    RequestCase("four words", 400, "GET / x HTTP/1.1\r\nHost: h\r\n\r\n"),
    RequestCase("space in target", 400, "GET /a b HTTP/1.1\r\nHost: h\r\n\r\n"),
    RequestCase("NUL in target", 400, "GET /a\u{0}b HTTP/1.1\r\nHost: h\r\n\r\n"),
    RequestCase("NUL in method", 400, "G\u{0}ET / HTTP/1.1\r\nHost: h\r\n\r\n"),
    RequestCase("bell in target", 400, "GET /\u{7} HTTP/1.1\r\nHost: h\r\n\r\n"),
    RequestCase("DEL in target", 400, "GET /\u{7f} HTTP/1.1\r\nHost: h\r\n\r\n"),
    RequestCase("bare CR in target", 400, "GET /a\rb HTTP/1.1\r\nHost: h\r\n\r\n"),
    RequestCase("bare CR before version", 400, "GET / \rHTTP/1.1\r\nHost: h\r\n\r\n"),
    RequestCase("bare CR after version", 400, "GET / HTTP/1.1\r\r\nHost: h\r\n\r\n"),
    RequestCase("CR in method", 400, "GE\rT / HTTP/1.1\r\nHost: h\r\n\r\n"),
    RequestCase("vertical tab between", 400, "GET\u{b}/ HTTP/1.1\r\nHost: h\r\n\r\n"),
    RequestCase("form feed between", 400, "GET /\u{c}HTTP/1.1\r\nHost: h\r\n\r\n"),
    RequestCase("non-ASCII in target", 400, "GET /\u{e4} HTTP/1.1\r\nHost: h\r\n\r\n"),
    RequestCase("no-break space", 400, "GET\u{a0}/ HTTP/1.1\r\nHost: h\r\n\r\n"),
    RequestCase("fragment", 400, "GET /#a HTTP/1.1\r\nHost: h\r\n\r\n"),
    RequestCase("fragment in query", 400, "GET /?a#b HTTP/1.1\r\nHost: h\r\n\r\n"),
    RequestCase("backslash", 400, "GET /a\\b HTTP/1.1\r\nHost: h\r\n\r\n"),
    RequestCase("double quote", 400, "GET /\" HTTP/1.1\r\nHost: h\r\n\r\n"),
    RequestCase("angle bracket", 400, "GET /<a> HTTP/1.1\r\nHost: h\r\n\r\n"),
    RequestCase("caret", 400, "GET /^ HTTP/1.1\r\nHost: h\r\n\r\n"),
    RequestCase("backtick", 400, "GET /` HTTP/1.1\r\nHost: h\r\n\r\n"),
    RequestCase("escape cut short", 400, "GET /%4 HTTP/1.1\r\nHost: h\r\n\r\n"),
    RequestCase("escape without digits", 400, "GET /% HTTP/1.1\r\nHost: h\r\n\r\n"),
    RequestCase("escape with other letters", 400, "GET /%zz HTTP/1.1\r\nHost: h\r\n\r\n"),
    RequestCase("escape cut short in query", 400, "GET /?a=%f HTTP/1.1\r\nHost: h\r\n\r\n"),
    RequestCase("target without slash", 400, "GET a HTTP/1.1\r\nHost: h\r\n\r\n"),
    RequestCase("target that is a query", 400, "GET ?a=1 HTTP/1.1\r\nHost: h\r\n\r\n"),
    RequestCase("star for GET", 400, "GET * HTTP/1.1\r\nHost: h\r\n\r\n"),
    RequestCase("star with path", 400, "OPTIONS */ HTTP/1.1\r\nHost: h\r\n\r\n"),
    RequestCase("star with query", 400, "OPTIONS *?a HTTP/1.1\r\nHost: h\r\n\r\n"),
    RequestCase("authority form", 400, "GET h:80 HTTP/1.1\r\nHost: h\r\n\r\n"),
    RequestCase("CONNECT", 501, "CONNECT h:80 HTTP/1.1\r\nHost: h\r\n\r\n"),
    RequestCase("CONNECT with path", 501, "CONNECT / HTTP/1.1\r\nHost: h\r\n\r\n"),
  ]
}

private func requestCases2() -> [RequestCase] {
  [
    RequestCase("URL without host", 400, "GET http:///a HTTP/1.1\r\nHost: h\r\n\r\n"),
    RequestCase("URL of another scheme", 400, "GET ftp://h/ HTTP/1.1\r\nHost: h\r\n\r\n"),
    RequestCase("URL with user", 400, "GET http://u@h/ HTTP/1.1\r\nHost: h\r\n\r\n"),
    RequestCase("URL with password", 400, "GET http://u:p@h/ HTTP/1.1\r\nHost: h\r\n\r\n"),
    RequestCase("URL with bad port", 400, "GET http://h:x/ HTTP/1.1\r\nHost: h\r\n\r\n"),
    RequestCase("URL with port too large", 400, "GET http://h:65536/ HTTP/1.1\r\nHost: h\r\n\r\n"),
    RequestCase("URL with query and no path", taken: "GET / a=1 [] h", "GET http://h?a=1 HTTP/1.1\r\nHost: h\r\n\r\n"),
    RequestCase("URL with one slash", 400, "GET http:/h/ HTTP/1.1\r\nHost: h\r\n\r\n"),
    RequestCase("method with parenthesis", 400, "G(T / HTTP/1.1\r\nHost: h\r\n\r\n"),
    RequestCase("method with colon", 400, "G:T / HTTP/1.1\r\nHost: h\r\n\r\n"),
    RequestCase("method with slash", 400, "G/T / HTTP/1.1\r\nHost: h\r\n\r\n"),
    RequestCase("method with comma", 400, "GET,POST / HTTP/1.1\r\nHost: h\r\n\r\n"),
    RequestCase("method with quote", 400, "\"GET\" / HTTP/1.1\r\nHost: h\r\n\r\n"),
    RequestCase("method non-ASCII", 400, "G\u{c9}T / HTTP/1.1\r\nHost: h\r\n\r\n"),
    RequestCase("method of 33 letters", 501, "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA / HTTP/1.1\r\nHost: h\r\n\r\n"),
    RequestCase("target too long", 414, "GET /" + times(8192, "a") + " HTTP/1.1\r\nHost: h\r\n\r\n"),
    RequestCase("query too long", 414, "GET /?" + times(9000, "a") + " HTTP/1.1\r\nHost: h\r\n\r\n"),
    RequestCase("bare LF after request line", 400, "GET / HTTP/1.1\nHost: h\r\n\r\n"),
    RequestCase("bare LF everywhere", 400, "GET / HTTP/1.1\nHost: h\n\n"),
    RequestCase("LF CR", 400, "GET / HTTP/1.1\n\rHost: h\n\r\n\r"),
    RequestCase("bare CR as line end", 400, "GET / HTTP/1.1\rHost: h\r\r\n\r\n"),
    RequestCase("two empty lines first", 400, "\r\n\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n"),
    RequestCase("bare LF first", 400, "\nGET / HTTP/1.1\r\nHost: h\r\n\r\n"),
    RequestCase("CR and no LF first", 400, "\rGET / HTTP/1.1\r\nHost: h\r\n\r\n"),
    RequestCase("TLS hello", 400, "\u{16}\u{3}\u{1}\u{2}\u{0}\u{1}\u{0}\u{1}\u{fc}\u{3}\u{3}"),
    RequestCase("binary rubbish", 400, "\u{0}\u{1}\u{2}\u{ff}\u{fe}"),
    RequestCase("a header line first", 400, "Host: h\r\nGET / HTTP/1.1\r\n\r\n"),
    RequestCase("JSON instead", 400, "{\"a\":1}\r\n\r\n"),
    RequestCase("endless first line", 414, times(9000, "A")),
    RequestCase("endless target without line end", 414, "GET /" + times(9000, "a")),
    RequestCase("bare LF after field", 400, "GET / HTTP/1.1\r\nHost: h\n\r\n"),
    RequestCase("bare LF inside value", 400, "GET / HTTP/1.1\r\nHost: h\r\nX: a\nY: b\r\n\r\n"),
    RequestCase("space before colon", 400, "GET / HTTP/1.1\r\nHost : h\r\n\r\n"),
    RequestCase("tab before colon", 400, "GET / HTTP/1.1\r\nHost\u{9}: h\r\n\r\n"),
    RequestCase("space before colon of Content-Length", 400, "GET / HTTP/1.1\r\nHost: h\r\nContent-Length : 3\r\n\r\n"),
    RequestCase(
      "space before colon of Transfer-Encoding", 400, "GET / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding : chunked\r\n\r\n"
    ),
    RequestCase("space before first field", 400, "GET / HTTP/1.1\r\n Host: h\r\n\r\n"),
    RequestCase("folded line", 400, "GET / HTTP/1.1\r\nHost: h\r\nX: a\r\n b\r\n\r\n"),
    RequestCase("folded line by tab", 400, "GET / HTTP/1.1\r\nHost: h\r\nX: a\r\n\u{9}b\r\n\r\n"),
    RequestCase("folded Transfer-Encoding", 400, "GET / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding:\r\n chunked\r\n\r\n"),
    RequestCase("line of one space", 400, "GET / HTTP/1.1\r\nHost: h\r\n \r\n\r\n"),
    RequestCase("no colon", 400, "GET / HTTP/1.1\r\nHost: h\r\nBad\r\n\r\n"),
    RequestCase("colon first", 400, "GET / HTTP/1.1\r\nHost: h\r\n: a\r\n\r\n"),
    RequestCase("colon alone", 400, "GET / HTTP/1.1\r\nHost: h\r\n:\r\n\r\n"),
    RequestCase("space in name", 400, "GET / HTTP/1.1\r\nHost: h\r\nA B: c\r\n\r\n"),
    RequestCase("parenthesis in name", 400, "GET / HTTP/1.1\r\nHost: h\r\nA(B): c\r\n\r\n"),
    RequestCase("slash in name", 400, "GET / HTTP/1.1\r\nHost: h\r\nA/B: c\r\n\r\n"),
    RequestCase("at sign in name", 400, "GET / HTTP/1.1\r\nHost: h\r\nA@B: c\r\n\r\n"),
    RequestCase("bracket in name", 400, "GET / HTTP/1.1\r\nHost: h\r\nA[0]: c\r\n\r\n"),
    RequestCase("brace in name", 400, "GET / HTTP/1.1\r\nHost: h\r\nA{B}: c\r\n\r\n"),
    RequestCase("equals in name", 400, "GET / HTTP/1.1\r\nHost: h\r\nA=B: c\r\n\r\n"),
    RequestCase("quote in name", 400, "GET / HTTP/1.1\r\nHost: h\r\n\"A\": c\r\n\r\n"),
    RequestCase("semicolon in name", 400, "GET / HTTP/1.1\r\nHost: h\r\nA;B: c\r\n\r\n"),
    RequestCase("backslash in name", 400, "GET / HTTP/1.1\r\nHost: h\r\nA\\B: c\r\n\r\n"),
    RequestCase("non-ASCII in name", 400, "GET / HTTP/1.1\r\nHost: h\r\n\u{c4}: c\r\n\r\n"),
    RequestCase("NUL in name", 400, "GET / HTTP/1.1\r\nHost: h\r\nA\u{0}B: c\r\n\r\n"),
    RequestCase("DEL in name", 400, "GET / HTTP/1.1\r\nHost: h\r\nA\u{7f}: c\r\n\r\n"),
    RequestCase("NUL in value", 400, "GET / HTTP/1.1\r\nHost: h\r\nX: a\u{0}b\r\n\r\n"),
    RequestCase("bell in value", 400, "GET / HTTP/1.1\r\nHost: h\r\nX: \u{7}\r\n\r\n"),
    RequestCase("DEL in value", 400, "GET / HTTP/1.1\r\nHost: h\r\nX: a\u{7f}\r\n\r\n"),
  ]
}

private func requestCases3() -> [RequestCase] {
  [
    RequestCase("vertical tab in value", 400, "GET / HTTP/1.1\r\nHost: h\r\nX: a\u{b}b\r\n\r\n"),
    RequestCase("form feed in value", 400, "GET / HTTP/1.1\r\nHost: h\r\nX: \u{c}a\r\n\r\n"),
    RequestCase("escape in value", 400, "GET / HTTP/1.1\r\nHost: h\r\nX: \u{1b}[0m\r\n\r\n"),
    RequestCase("bare CR in value", 400, "GET / HTTP/1.1\r\nHost: h\r\nX: a\rb\r\n\r\n"),
    RequestCase("bare CR at the end of value", 400, "GET / HTTP/1.1\r\nHost: h\r\nX: a\r\r\n\r\n"),
    RequestCase("bare CR hides a field", 400, "GET / HTTP/1.1\r\nHost: h\r\nX: a\rContent-Length: 5\r\n\r\n"),
    RequestCase("CR CR LF as end", 400, "GET / HTTP/1.1\r\nHost: h\r\n\r\r\n"),
    RequestCase("no Host", 400, "GET / HTTP/1.1\r\n\r\n"),
    RequestCase("no Host but others", 400, "GET / HTTP/1.1\r\nAccept: */*\r\n\r\n"),
    RequestCase("two Hosts", 400, "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"),
    RequestCase("two equal Hosts", 400, "GET / HTTP/1.1\r\nHost: h\r\nHost: h\r\n\r\n"),
    RequestCase("two Hosts in other case", 400, "GET / HTTP/1.1\r\nhost: a\r\nHOST: b\r\n\r\n"),
    RequestCase("empty Host", 400, "GET / HTTP/1.1\r\nHost:\r\n\r\n"),
    RequestCase("blank Host", 400, "GET / HTTP/1.1\r\nHost:   \r\n\r\n"),
    RequestCase("two hosts in one", 400, "GET / HTTP/1.1\r\nHost: a, b\r\n\r\n"),
    RequestCase("two hosts by comma", 400, "GET / HTTP/1.1\r\nHost: a,b\r\n\r\n"),
    RequestCase("space in Host", 400, "GET / HTTP/1.1\r\nHost: a b\r\n\r\n"),
    RequestCase("user in Host", 400, "GET / HTTP/1.1\r\nHost: u@h\r\n\r\n"),
    RequestCase("path in Host", 400, "GET / HTTP/1.1\r\nHost: h/a\r\n\r\n"),
    RequestCase("query in Host", 400, "GET / HTTP/1.1\r\nHost: h?a\r\n\r\n"),
    RequestCase("URL as Host", 400, "GET / HTTP/1.1\r\nHost: http://h\r\n\r\n"),
    RequestCase("letters as port", 400, "GET / HTTP/1.1\r\nHost: h:abc\r\n\r\n"),
    RequestCase("port too large", 400, "GET / HTTP/1.1\r\nHost: h:65536\r\n\r\n"),
    RequestCase("negative port", 400, "GET / HTTP/1.1\r\nHost: h:-1\r\n\r\n"),
    RequestCase("port alone", 400, "GET / HTTP/1.1\r\nHost: :80\r\n\r\n"),
    RequestCase("two ports", 400, "GET / HTTP/1.1\r\nHost: h:80:80\r\n\r\n"),
    RequestCase("open bracket", 400, "GET / HTTP/1.1\r\nHost: [::1\r\n\r\n"),
    RequestCase("empty brackets", 400, "GET / HTTP/1.1\r\nHost: []\r\n\r\n"),
    RequestCase("text after brackets", 400, "GET / HTTP/1.1\r\nHost: [::1]a\r\n\r\n"),
    RequestCase("letters in brackets", 400, "GET / HTTP/1.1\r\nHost: [xyz]\r\n\r\n"),
    RequestCase("non-ASCII Host", 400, "GET / HTTP/1.1\r\nHost: \u{e4}\r\n\r\n"),
    RequestCase("quote in Host", 400, "GET / HTTP/1.1\r\nHost: \"h\"\r\n\r\n"),
    RequestCase("backslash in Host", 400, "GET / HTTP/1.1\r\nHost: a\\b\r\n\r\n"),
    RequestCase("101 fields", 431, "GET / HTTP/1.1\r\nHost: h\r\n" + times(100, "X: a\r\n") + "\r\n"),
    RequestCase("header too large", 431, "GET / HTTP/1.1\r\nHost: h\r\nX: " + times(33000, "a") + "\r\n\r\n"),
    RequestCase(
      "many large fields", 431, "GET / HTTP/1.1\r\nHost: h\r\n" + times(9, "X: " + times(4000, "a") + "\r\n") + "\r\n"),
    RequestCase("name too long", 431, "GET / HTTP/1.1\r\nHost: h\r\n" + times(33000, "a") + ": b\r\n\r\n"),
    RequestCase("endless field without line end", 431, "GET / HTTP/1.1\r\nX: " + times(33000, "a")),
    RequestCase("length empty", 400, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length:\r\n\r\n"),
    RequestCase("length negative", 400, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: -1\r\n\r\n"),
    RequestCase("length with plus", 400, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: +3\r\n\r\nabc"),
    RequestCase("length hexadecimal", 400, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 0x3\r\n\r\nabc"),
    RequestCase("length with letter", 400, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3a\r\n\r\nabc"),
    RequestCase("length fraction", 400, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3.0\r\n\r\nabc"),
    RequestCase("length with space inside", 400, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1 0\r\n\r\nabc"),
    RequestCase("length list, equal", 400, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3, 3\r\n\r\nabc"),
    RequestCase("length list, different", 400, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3, 4\r\n\r\nabc"),
    RequestCase("length list without space", 400, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3,3\r\n\r\nabc"),
    RequestCase("length with semicolon", 400, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3;\r\n\r\nabc"),
    RequestCase("length quoted", 400, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: \"3\"\r\n\r\nabc"),
    RequestCase(
      "length twice, equal", 400, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\nContent-Length: 3\r\n\r\nabc"),
    RequestCase(
      "length twice, different", 400, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\nContent-Length: 0\r\n\r\nabc"),
    RequestCase(
      "length twice, other case", 400, "POST / HTTP/1.1\r\nHost: h\r\ncontent-length: 3\r\nCONTENT-LENGTH: 3\r\n\r\nabc"
    ),
    RequestCase(
      "length over 64 bits", 400, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 9223372036854775808\r\n\r\n"),
    RequestCase(
      "length wraps to 3", 400, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 18446744073709551619\r\n\r\nabc"),
    RequestCase(
      "length of 40 digits", 400,
      "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 9999999999999999999999999999999999999999\r\n\r\n"),
    RequestCase(
      "length largest 64 bits", 413, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 9223372036854775807\r\n\r\n"),
    RequestCase("length just above the limit", 413, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 2097153\r\n\r\n"),
    RequestCase("length Arabic digits", 400, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: \u{d9}\u{a3}\r\n\r\nabc"),
    RequestCase("length with NUL", 400, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\u{0}\r\n\r\nabc"),
  ]
}

private func requestCases4() -> [RequestCase] {
  [
    RequestCase(
      "length and chunked", 400,
      "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
    RequestCase(
      "chunked and length", 400,
      "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n"),
    RequestCase(
      "chunked and length 0", 400,
      "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nContent-Length: 0\r\n\r\n0\r\n\r\n"),
    RequestCase("coding empty", 400, "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding:\r\n\r\n"),
    RequestCase("coding identity", 400, "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: identity\r\n\r\n"),
    RequestCase("coding gzip", 400, "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: gzip\r\n\r\n"),
    RequestCase(
      "coding gzip, chunked", 501, "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"),
    RequestCase(
      "coding chunked, gzip", 400, "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n"),
    RequestCase(
      "coding chunked, identity", 400,
      "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n"),
    RequestCase(
      "coding chunked, chunked", 400,
      "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n"),
    RequestCase(
      "coding twice", 400,
      "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
    RequestCase(
      "coding twice, identity second", 400,
      "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n"),
    RequestCase(
      "coding twice, identity first", 400,
      "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: identity\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
    RequestCase("coding xchunked", 400, "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n"),
    RequestCase("coding chunkedx", 400, "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunkedx\r\n\r\n0\r\n\r\n"),
    RequestCase(
      "coding with parameter", 400, "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked;q=1\r\n\r\n0\r\n\r\n"),
    RequestCase("coding quoted", 400, "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: \"chunked\"\r\n\r\n0\r\n\r\n"),
    RequestCase(
      "coding with comma after", 400, "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked,\r\n\r\n0\r\n\r\n"),
    RequestCase(
      "coding with comma before", 400, "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: ,chunked\r\n\r\n0\r\n\r\n"),
    RequestCase(
      "coding with vertical tab", 400, "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: \u{b}chunked\r\n\r\n0\r\n\r\n"),
    RequestCase(
      "coding with space inside", 400, "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chun ked\r\n\r\n0\r\n\r\n"),
    RequestCase(
      "coding with NUL", 400, "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\u{0}\r\n\r\n0\r\n\r\n"),
    RequestCase(
      "unknown expectation", 417, "POST / HTTP/1.1\r\nHost: h\r\nExpect: 200-ok\r\nContent-Length: 1\r\n\r\na"),
    RequestCase("empty expectation", 417, "POST / HTTP/1.1\r\nHost: h\r\nExpect:\r\n\r\n"),
    RequestCase("coding in HTTP/1.0", 400, "POST / HTTP/1.0\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
    RequestCase(
      "coding in HTTP/1.0 with length", 400,
      "POST / HTTP/1.0\r\nHost: h\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
    RequestCase("chunk size missing", 400, "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n\r\n\r\n"),
    RequestCase(
      "chunk size negative", 400, "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\na\r\n0\r\n\r\n"
    ),
    RequestCase(
      "chunk size with plus", 400,
      "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n+1\r\na\r\n0\r\n\r\n"),
    RequestCase(
      "chunk size 0x", 400, "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n0x1\r\na\r\n0\r\n\r\n"),
    RequestCase(
      "chunk size with letter g", 400, "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\ng\r\n"),
    RequestCase(
      "chunk size with underscore", 400, "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n1_0\r\n"),
    RequestCase(
      "space before chunk size", 400,
      "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n 1\r\na\r\n0\r\n\r\n"),
    RequestCase(
      "space after chunk size", 400,
      "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n1 \r\na\r\n0\r\n\r\n"),
    RequestCase(
      "tab after chunk size", 400,
      "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n1\u{9}\r\na\r\n0\r\n\r\n"),
    RequestCase(
      "space before extension", 400,
      "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n1 ;a\r\na\r\n0\r\n\r\n"),
    RequestCase(
      "chunk size of 17 digits", 400,
      "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n00000000000000001\r\na\r\n0\r\n\r\n"),
    RequestCase(
      "chunk size over 63 bits", 400,
      "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n8000000000000000\r\n"),
    RequestCase(
      "chunk size wraps", 400,
      "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n10000000000000001\r\na\r\n"),
    RequestCase(
      "chunk size all f", 400, "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n"),
    RequestCase(
      "chunk over the limit", 413, "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n200001\r\n"),
    RequestCase(
      "chunks together over the limit", 413,
      "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n1ffffc\r\n"),
    RequestCase(
      "bare LF after chunk size", 400,
      "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n1\na\r\n0\r\n\r\n"),
    RequestCase(
      "bare CR after chunk size", 400,
      "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n1\ra\r\n0\r\n\r\n"),
    RequestCase(
      "bare LF after chunk data", 400,
      "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\n0\r\n\r\n"),
    RequestCase(
      "bare CR after chunk data", 400,
      "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r0\r\n\r\n"),
    RequestCase(
      "chunk longer than its size", 400,
      "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nab\r\n0\r\n\r\n"),
    RequestCase(
      "chunk shorter than its size", 400,
      "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nab\r\n0\r\n\r\n"),
    RequestCase(
      "bare LF after last chunk", 400, "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n0\n\r\n"),
    RequestCase("bare LF at the end", 400, "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\n"),
    RequestCase(
      "NUL in extension", 400,
      "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n1;a\u{0}\r\na\r\n0\r\n\r\n"),
    RequestCase(
      "bare CR in extension", 400,
      "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n1;a\rb\r\na\r\n0\r\n\r\n"),
    RequestCase(
      "bare LF in extension", 400,
      "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n1;a\nb\r\na\r\n0\r\n\r\n"),
    RequestCase(
      "extension too long", 400,
      "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n1;" + times(4200, "a") + "\r\na\r\n0\r\n\r\n"),
    RequestCase(
      "extensions together too long", 400,
      "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
        + times(5, "1;" + times(1000, "a") + "\r\na\r\n") + "0\r\n\r\n"),
    RequestCase(
      "endless extension", 400, "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n1;" + times(5000, "a")),
    RequestCase(
      "trailer with space before colon", 400,
      "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX : a\r\n\r\n"),
    RequestCase(
      "folded trailer", 400, "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX: a\r\n b\r\n\r\n"),
    RequestCase(
      "trailer without colon", 400, "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX\r\n\r\n"),
    RequestCase(
      "length in trailer", 400,
      "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nContent-Length: 5\r\n\r\n"),
  ]
}

private func requestCases5() -> [RequestCase] {
  [
    RequestCase(
      "coding in trailer", 400,
      "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nTransfer-Encoding: chunked\r\n\r\n"),
    RequestCase(
      "Host in trailer", 400, "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nHost: x\r\n\r\n"),
    RequestCase(
      "Authorization in trailer", 400,
      "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nAuthorization: x\r\n\r\n"),
    RequestCase(
      "NUL in trailer", 400, "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX: \u{0}\r\n\r\n"),
    RequestCase(
      "bare LF in trailer", 400, "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX: a\n\r\n"),
    RequestCase(
      "too many trailers", 431,
      "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n" + times(101, "X: a\r\n") + "\r\n"),
    RequestCase(
      "trailer too large", 431,
      "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX: " + times(33000, "a") + "\r\n\r\n"),
    RequestCase("plain GET", taken: "GET /  [] h", "GET / HTTP/1.1\r\nHost: h\r\n\r\n"),
    RequestCase("empty line first", taken: "GET /  [] h", "\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n"),
    RequestCase("query", taken: "GET /a b=c?d/e [] h", "GET /a?b=c?d/e HTTP/1.1\r\nHost: h\r\n\r\n"),
    RequestCase("empty query", taken: "GET /  [] h", "GET /? HTTP/1.1\r\nHost: h\r\n\r\n"),
    RequestCase(
      "brackets and braces unencoded", taken: "GET / a[]={b|c} [] h", "GET /?a[]={b|c} HTTP/1.1\r\nHost: h\r\n\r\n"),
    RequestCase(
      "escapes are kept", taken: "GET /%2e%2E/%41 %20 [] h", "GET /%2e%2E/%41?%20 HTTP/1.1\r\nHost: h\r\n\r\n"),
    RequestCase("doubled slashes", taken: "GET //a//b  [] h", "GET //a//b HTTP/1.1\r\nHost: h\r\n\r\n"),
    RequestCase(
      "target of full length", taken: "GET /" + times(8191, "a") + "  [] h",
      "GET /" + times(8191, "a") + " HTTP/1.1\r\nHost: h\r\n\r\n"),
    RequestCase("OPTIONS *", taken: "OPTIONS *  [] h", "OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n"),
    RequestCase("URL as target", taken: "GET /a b [] x:81", "GET http://x:81/a?b HTTP/1.1\r\nHost: h\r\n\r\n"),
    RequestCase("URL in capitals", taken: "GET /  [] X", "GET HTTPS://X/ HTTP/1.1\r\nHost: h\r\n\r\n"),
    RequestCase("URL without path", taken: "GET /  [] x", "GET http://x HTTP/1.1\r\nHost: h\r\n\r\n"),
    RequestCase("URL as target and no Host", 400, "GET http://x/ HTTP/1.1\r\n\r\n"),
    RequestCase("other method", taken: "PURGE /  [] h", "PURGE / HTTP/1.1\r\nHost: h\r\n\r\n"),
    RequestCase("method in lower case is another", taken: "get /  [] h", "get / HTTP/1.1\r\nHost: h\r\n\r\n"),
    RequestCase("HTTP/1.0 without Host", taken: "GET /  [] -", "GET / HTTP/1.0\r\n\r\n"),
    RequestCase("HTTP/1.0 with length", taken: "POST /  [hi] -", "POST / HTTP/1.0\r\nContent-Length: 2\r\n\r\nhi"),
    RequestCase("no space after colon", taken: "GET /  [] h", "GET / HTTP/1.1\r\nHost:h\r\n\r\n"),
    RequestCase("tabs around value", taken: "GET /  [] h", "GET / HTTP/1.1\r\nHost:\u{9} h \u{9}\r\n\r\n"),
    RequestCase("Host with port", taken: "GET /  [] h:8080", "GET / HTTP/1.1\r\nHost: h:8080\r\n\r\n"),
    RequestCase("Host with empty port", taken: "GET /  [] h:", "GET / HTTP/1.1\r\nHost: h:\r\n\r\n"),
    RequestCase("Host IPv6", taken: "GET /  [] [::1]:80", "GET / HTTP/1.1\r\nHost: [::1]:80\r\n\r\n"),
    RequestCase("Latin-1 in value", taken: "GET /  [] h", "GET / HTTP/1.1\r\nHost: h\r\nX: \u{e4}\r\n\r\n"),
    RequestCase("empty value", taken: "GET /  [] h", "GET / HTTP/1.1\r\nHost: h\r\nX:\r\n\r\n"),
    RequestCase(
      "same field twice", taken: "GET /  [] h",
      "GET / HTTP/1.1\r\nHost: h\r\nContent-Type: a\r\nContent-Type: a\r\n\r\n"),
    RequestCase("100 fields", taken: "GET /  [] h", "GET / HTTP/1.1\r\nHost: h\r\n" + times(99, "X: a\r\n") + "\r\n"),
    RequestCase("length", taken: "POST /  [abc] h", "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc"),
    RequestCase("length 0", taken: "POST /  [] h", "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n"),
    RequestCase(
      "length with zeros before", taken: "POST /  [abc] h",
      "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 003\r\n\r\nabc"),
    RequestCase("body of GET", taken: "GET /  [{}] h", "GET / HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\n{}"),
    RequestCase(
      "chunked", taken: "POST /  [abcde] h",
      "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"),
    RequestCase(
      "chunked in capitals", taken: "POST /  [a] h",
      "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: CHUNKED\r\n\r\n1\r\na\r\n0\r\n\r\n"),
    RequestCase(
      "chunk sizes with zeros before", taken: "POST /  [abc] h",
      "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n0003\r\nabc\r\n000\r\n\r\n"),
    RequestCase(
      "chunk size in hexadecimal", taken: "POST /  [0123456789] h",
      "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nA\r\n0123456789\r\n0\r\n\r\n"),
    RequestCase(
      "chunk extension", taken: "POST /  [x] h",
      "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n1;a=b;c=\"d\"\r\nx\r\n0;e\r\n\r\n"),
    RequestCase(
      "trailers are dropped", taken: "POST /  [x] h",
      "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\nX: a\r\nY: b\r\n\r\n"),
    RequestCase(
      "empty chunked body", taken: "POST /  [] h",
      "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
    RequestCase(
      "line ends inside chunks", taken: "POST /  [\r\n\r\n] h",
      "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n4\r\n\r\n\r\n\r\n0\r\n\r\n"),
    RequestCase(
      "a request inside a body", taken: "POST /  [GET /x HTTP/1.1\r\nHost: h\r\n\r] h",
      "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 27\r\n\r\nGET /x HTTP/1.1\r\nHost: h\r\n\r"),
    RequestCase(
      "expectation", taken: "POST /  [a] h",
      "POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-Continue\r\nContent-Length: 1\r\n\r\na"),
    RequestCase(
      "expectation in HTTP/1.0", taken: "POST /  [a] h",
      "POST / HTTP/1.0\r\nHost: h\r\nExpect: x\r\nContent-Length: 1\r\n\r\na"),
  ]
}
