import EventLoop
import HTTP
import Telemetry

/// Answers every request 501 in the error shape of the API: for routes whose service has no work of its own yet.
public struct NotServedYetHandler: HTTPHandler {
  /// What the body calls the service.
  public let service: String
  public init(service: String) { self.service = service }

  public func respond(to request: HTTPRequest) async -> HTTPResponse {
    if request.path == "/healthz" {
      return HTTPResponse(status: 200, contentType: "text/plain; charset=utf-8", body: Array("ok\n".utf8))
    }
    return error(
      status: 501, code: -1, exception: "NotImplemented",
      detail: "\(service) does not serve \(request.method) \(request.path) yet", since: request.receivedNanoseconds)
  }

  public func refuse(status: Int, reason: String) -> HTTPResponse {
    error(status: status, code: -1, exception: "HTTPException", detail: reason, since: 0)
  }

  private func error(status: Int, code: Int, exception: String, detail: String, since: UInt64) -> HTTPResponse {
    let microseconds = since == 0 ? 0 : (monotonicNanoseconds() &- since) / 1_000
    let hundredths = microseconds / 10 % 100
    let duration = "\(microseconds / 1_000).\(hundredths < 10 ? "0" : "")\(hundredths)ms"
    let body =
      "{\"detail\":\(quotedJSON(detail)),\"status_code\":\(status),\"code\":\(code),\"exception\":\(quotedJSON(exception)),"
      + "\"duration\":\"\(duration)\",\"more_info\":\"https://getstream.io/docs/api_error_responses\"}"
    return HTTPResponse(status: status, contentType: "application/json", body: Array(body.utf8))
  }
}

/// A text as a JSON string. Bytes that are not UTF-8 have already become U+FFFD when the text was made.
func quotedJSON(_ text: String) -> String {
  var out = "\""
  for scalar in text.unicodeScalars {
    switch scalar {
    case "\"": out += "\\\""
    case "\\": out += "\\\\"
    case let control where control.value < 0x20:
      let digits = String(control.value, radix: 16)
      out += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
    default: out.unicodeScalars.append(scalar)
    }
  }
  return out + "\""
}
