import ControlPlane
import HTTP
import Model
import PubSub
import ServiceKit

extension CommandRun {
  static let publishMillisecondsMax = 500

  /// Sends a revocation that has been committed to all services (B20). When Redis is away they take it up with their next
  /// comparison: the command says so and succeeds.
  func publish(_ subject: Revocation.Subject, app: Int64, revision: Int64) {
    guard let app = UInt32(exactly: app), let redis = configuration.string("redis").flatMap({ HTTPServer.Address($0) })
    else { return }
    let revocation = Revocation(app: AppID(app), revision: revision, subject: subject)
    do throws(RedisUnavailable) {
      _ = try RedisPubSub.publishOnce(
        revocation.message, to: Revocation.channel, host: redis.host, port: redis.port,
        timeoutMilliseconds: Self.publishMillisecondsMax)
    } catch {
      Self.complain("\(error): services take this up within two seconds instead of at once")
    }
  }
}
