import Auth

extension FeedAPIHandler {
  /// `GET og/?url=` (feeds 2.13, M10, M11). An app may switch it off.
  func readOpenGraph(_ context: RequestContext) async throws(APIError) -> APIAnswer {
    guard let url = try context.query.scalar("url"), !url.isEmpty else { throw .input("url must name a page") }
    try context.authorize(owner: .none)
    // As other switches of an app (feeds S5, insight D28).
    guard context.app.openGraph else { throw APIError(AuthError.notPermitted) }
    do throws(OpenGraphSource.Failure) {
      return APIAnswer(status: 200, open: try await openGraph.page(url, app: context.app.id).openBody())
    } catch {
      switch error {
      case .busy: throw .unavailable("too many pages are being fetched, try again")
      case .nothing(let reason):
        logger.debug("no Open Graph data", [("app", "\(context.app.id)"), ("url", url), ("reason", reason)])
        // The text is what clients compare, and says nothing of what can be reached from here (feeds 2.13).
        throw .input("couldn't find og data for the provided url")
      }
    }
  }
}
