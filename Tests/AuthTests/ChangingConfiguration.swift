import ControlPlane
import Model
import Synchronization

/// A source whose snapshot the test replaces.
final class ChangingConfiguration: ConfigurationSource {
  private let snapshot = Mutex(ConfigurationSnapshot.empty)
  var current: ConfigurationSnapshot { snapshot.withLock { $0 } }

  /// What it was told of used keys.
  private let told = Mutex<[(key: String, app: AppID, atMilliseconds: Int64)]>([])
  var uses: [(key: String, app: AppID, atMilliseconds: Int64)] { told.withLock { $0 } }
  func noteUse(ofKey key: String, app: AppID, atMilliseconds now: Int64) {
    told.withLock { $0.append((key, app, now)) }
  }

  func set(_ new: ConfigurationSnapshot) { snapshot.withLock { $0 = new } }
}
