import Feeds
import ServiceKit

extension Enrichment.Limits {
  static let settings: [Setting] = {
    let standard = Enrichment.Limits()
    return [
      Setting(
        "enrichment-references-max", .integer(1...1_000), default: "\(standard.referencesMax)",
        help: "different things that the references of an enriched page may name at once; further ones stay strings"),
      Setting(
        "enrichment-bytes-max", .integer(65_536...67_108_864), default: "\(standard.bytesMax)",
        help: "bytes of an enriched page; where they are used up, references stay strings"),
      Setting(
        "enrichment-depth-max", .integer(1...8), default: "\(standard.depthMax)",
        help: "levels of activities inside activities on enriched pages"),
    ]
  }()

  /// The limits that `configuration` names; the others keep their defaults.
  init(_ configuration: Configuration) {
    self.init()
    if let count = configuration.integer("enrichment-references-max") { referencesMax = count }
    if let bytes = configuration.integer("enrichment-bytes-max") { bytesMax = bytes }
    if let depth = configuration.integer("enrichment-depth-max") { depthMax = depth }
  }
}
