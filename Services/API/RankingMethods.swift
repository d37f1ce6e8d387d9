import Feeds
import JSON
import Model
import Synchronization

/// Ranking methods, compiled once for each text of a definition that the configuration holds.
final class RankingMethods: Sendable {
  /// Methods kept at once; past them all are compiled anew as they are asked for.
  static let methodsMax = 10_000

  private struct Name: Hashable {
    let app: AppID
    let group: String
    let method: String
  }

  private struct Compiled {
    let definition: String
    let method: Result<RankingMethod, RankingDefinitionError>
  }

  private let compiled = Mutex<[Name: Compiled]>([:])

  /// The method of that name; `nil` if the group has none.
  func method(_ name: String, of group: FeedGroup, app: AppID) throws(RankingDefinitionError) -> RankingMethod? {
    guard let definition = group.rankings[name] else { return nil }
    let key = Name(app: app, group: group.slug, method: name)
    let known = compiled.withLock { $0[key] }
    if let known, known.definition == definition { return try known.method.get() }
    let method = Self.compile(definition)
    compiled.withLock { all in
      if all.count >= Self.methodsMax { all.removeAll() }
      all[key] = Compiled(definition: definition, method: method)
    }
    return try method.get()
  }

  private static func compile(_ definition: String) -> Result<RankingMethod, RankingDefinitionError> {
    let json: JSONValue
    do { json = try JSONValue(parsing: definition) } catch {
      return .failure(RankingDefinitionError(problems: [.init("", error.description)]))
    }
    do { return .success(try RankingMethod(json)) } catch { return .failure(error) }
  }
}
