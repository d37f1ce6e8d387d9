import JSON
import KeevoClient
import Model

extension Enrichment {
  /// Texts with the users and objects that they name, each asked for once, in the order given; activities and
  /// reactions stay strings. For what is shown outside activities (feeds H12).
  public func bodies(of texts: [ReferenceText], app: AppID) async throws(FeedError) -> [[UInt8]] {
    var names: [EntityName: Int] = [:]
    var items: [MultiGetRequest.Item] = []
    for hole in texts.lazy.flatMap(\.holes) {
      guard case .entity(let name) = hole.reference.target, names[name] == nil else { continue }
      names[name] = items.count
      items.append(name.item(app))
    }
    var found: [Entity?] = []
    var rest = items[...]
    do throws(StoreError) {
      while !rest.isEmpty {
        // So many that their bytes stay well below what one call may answer.
        let rows = try await store.multiGet(MultiGetRequest(items: Array(rest.prefix(Entities.callRowsMax)))).rows
        found += try rows.map { row throws(StoreError) in
          try row.map { row throws(StoreError) in try Entities.entity(row.value) }
        }
        rest = rest.dropFirst(Entities.callRowsMax)
      }
    } catch { throw .store(error) }
    guard found.count == items.count else { throw .store(.unknown("the store answered another number of rows")) }
    return texts.map { text in
      var writer = JSONWriter(reserving: 2 * text.bytes.count)
      var position = 0
      for hole in text.holes {
        guard case .entity(let name) = hole.reference.target, let index = names[name] else { continue }
        writer.splice(text.bytes[position..<hole.range.lowerBound])
        position = hole.range.upperBound
        if let entity = found[index] { writer.splice(entity.body) } else { hole.reference.writeMissing(to: &writer) }
      }
      writer.splice(text.bytes[position...])
      return writer.bytes
    }
  }
}
