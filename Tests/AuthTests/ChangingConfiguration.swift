import ControlPlane
import Synchronization

/// A source whose snapshot the test replaces.
final class ChangingConfiguration: ConfigurationSource {
  private let snapshot = Mutex(ConfigurationSnapshot.empty)
  var current: ConfigurationSnapshot { snapshot.withLock { $0 } }
  func set(_ new: ConfigurationSnapshot) { snapshot.withLock { $0 = new } }
}
