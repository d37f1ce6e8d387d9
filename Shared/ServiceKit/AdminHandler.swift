import HTTP
import Telemetry

/// Answers the second listener: `/healthz` (the process lives), `/readyz` (it can work now, or why not), `/metrics`.
struct AdminHandler: HTTPHandler {
  let service: String
  let state: ServiceState
  let metrics: Metrics

  func respond(to request: HTTPRequest) async -> HTTPResponse {
    let known = ["/healthz", "/readyz", "/metrics"]
    guard known.contains(request.path) else {
      return text(404, "not found: this listener serves \(known.joined(separator: ", "))")
    }
    guard request.method == .get || request.method == .head else {
      var response = text(405, "only GET and HEAD are answered here")
      response.headers.append(.init("Allow", "GET, HEAD"))
      return response
    }
    switch request.path {
    case "/healthz":
      return text(200, "ok")
    case "/readyz":
      if let reason = await state.notReadyReason() { return text(503, "\(service) is not ready: \(reason)") }
      return text(200, "ready")
    default:
      return HTTPResponse(
        status: 200, contentType: "text/plain; version=0.0.4; charset=utf-8", body: Array(metrics.prometheusText().utf8)
      )
    }
  }

  private func text(_ status: Int, _ line: String) -> HTTPResponse {
    HTTPResponse(status: status, contentType: "text/plain; charset=utf-8", body: Array("\(line)\n".utf8))
  }
}
