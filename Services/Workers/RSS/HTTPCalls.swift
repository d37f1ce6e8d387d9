import HTTP

/// What sends the requests of an import: libcurl, or a test's double.
protocol HTTPCalls: Sendable {
  func send(_ request: HTTPClient.Request) async throws(HTTPClient.Failure) -> HTTPClient.Response
}

extension HTTPClient: HTTPCalls {}
