/// A success before it gets its `duration` and headers.
struct APIAnswer: Sendable {
  /// How the body is finished.
  enum Body: Sendable {
    /// A JSON object without its closing brace; `duration` is added as its last member.
    case open([UInt8])
    /// None: 304.
    case none
    /// A document in a format of its own (feeds C12b).
    case document([UInt8], contentType: String)
  }

  var status: Int
  var body: Body
  var etag: String?

  init(status: Int, open body: [UInt8], etag: String? = nil) {
    self.status = status
    self.body = .open(body)
    self.etag = etag
  }

  init(status: Int, body: Body, etag: String? = nil) {
    self.status = status
    self.body = body
    self.etag = etag
  }

  /// Success without anything to say (feeds C11).
  static func empty(status: Int) -> APIAnswer { APIAnswer(status: status, open: [UInt8(ascii: "{")]) }
}
