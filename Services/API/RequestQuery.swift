import HTTP

/// The query of a request: read before the key is known, its errors told after the token has been checked (feeds C17).
struct RequestQuery: Sendable {
  let parameters: QueryParameters
  /// What is wrong with the query as a whole.
  private let invalid: QueryParameters.Invalid?

  init(_ query: String) {
    do {
      parameters = try QueryParameters(query)
      invalid = nil
    } catch {
      // The readable items may name the key all the same.
      let readable = query.split(separator: "&").flatMap { (try? QueryParameters(String($0)))?.pairs ?? [] }
      parameters = QueryParameters(pairs: readable)
      invalid = error
    }
  }

  func check() throws(APIError) { if let invalid { throw .input(invalid.description) } }

  /// A single value; brackets after its name are an input error (feeds K9).
  func scalar(_ name: String) throws(APIError) -> String? {
    if parameters.isBracketed(name) { throw .input("\(name) must be one value, not a list") }
    return parameters[name]
  }

  /// A number that is not negative.
  func integer(_ name: String, default standard: Int) throws(APIError) -> Int {
    if parameters.isBracketed(name) { throw .input("\(name) must be one value, not a list") }
    do { return try parameters.integer(name) ?? standard } catch { throw .input(error.description) }
  }

  func boolean(_ name: String) -> Bool { parameters.boolean(name) }

  /// A list; `nil` when its name is not there at all.
  func list(_ name: String) -> [String]? {
    parameters[name] != nil || parameters.isBracketed(name) ? parameters.list(name) : nil
  }
}
