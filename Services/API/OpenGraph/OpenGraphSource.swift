import EventLoop
import HTTP
import Model

/// Fetches pages and reads what they say of themselves (feeds M10, M11), away from the event loops.
final class OpenGraphSource: Sendable {
  enum Failure: Error, Sendable {
    /// Not HTML, unreachable, or nothing found; why, for the log.
    case nothing(String)
    /// All that may wait are waiting, or the app has its share under way.
    case busy
  }

  private let limits: OpenGraphLimits
  private let client: HTTPClient
  private let standIns: StandInPages
  private let share: AppShare
  private let pool: BlockingPool

  init(_ limits: OpenGraphLimits = OpenGraphLimits(), standIns: StandInPages = StandInPages()) {
    self.limits = limits
    self.standIns = standIns
    var bounds = HTTPClient.Limits()
    bounds.connectTimeoutMilliseconds = limits.milliseconds
    bounds.totalTimeoutMilliseconds = limits.milliseconds
    bounds.bodyBytesMax = limits.bytesMax
    bounds.cutsBodies = true
    bounds.redirectsMax = limits.redirectsMax
    bounds.concurrentMax = limits.jobsMax
    bounds.waitingMax = limits.queueMax
    client = HTTPClient(
      limits: bounds, allowsPrivateAddresses: limits.allowsPrivateAddresses, userAgent: "millrace (Open Graph)")
    share = AppShare(limit: limits.appJobsMax)
    pool = BlockingPool(threadsMax: 2, queueMax: limits.queueMax)
  }

  func page(_ address: String, app: AppID) async throws(Failure) -> OpenGraphPage {
    guard WebAddress.isWebAddress(address) else { throw .nothing("not an address of http or https") }
    guard share.enter(app) else { throw .busy }
    defer { share.leave(app) }
    let (bytes, encoding, place) = try await fetch(address)
    let limits = limits
    let page: OpenGraphPage?
    do throws(BlockingPool.Refusal) {
      page = try await pool.run {
        OpenGraphPage(
          PageReader.facts(of: bytes, encoding: encoding, limits: limits), asked: address, address: place,
          limits: limits)
      }
    } catch { throw .busy }
    guard let page else { throw .nothing("the page says nothing of itself") }
    return page
  }

  /// The bytes of a page, what its header says of its encoding, and where it was found.
  private func fetch(_ address: String) async throws(Failure) -> (bytes: [UInt8], encoding: String?, place: String) {
    if let page = standIns[address] { return (page, nil, address) }
    let response: HTTPClient.Response
    do throws(HTTPClient.Failure) {
      response = try await client.send(
        HTTPClient.Request(
          url: address, headers: [.init("Accept", "text/html,application/xhtml+xml;q=0.9,*/*;q=0.1")]))
    } catch {
      if case .busy = error { throw .busy }
      throw .nothing("\(error)")
    }
    guard (200..<300).contains(response.status) else { throw .nothing("status \(response.status)") }
    let type = (response.header("Content-Type") ?? "").lowercased()
    guard type.hasPrefix("text/html") || type.hasPrefix("application/xhtml+xml") else {
      throw .nothing("not HTML but \(type)")
    }
    let encoding = type.firstMatch(of: /charset="?([a-z0-9_.:-]+)/).map { String($0.1) }
    return (response.body, encoding, response.url)
  }
}
