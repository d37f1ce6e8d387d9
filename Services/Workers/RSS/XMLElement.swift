/// An element of a parsed document.
struct XMLElement {
  enum Child {
    case element(XMLElement)
    case text(String)
  }

  struct Attribute {
    var name: String
    /// The namespace's address; empty without one.
    var namespace: String
    var value: String
  }

  /// The local name.
  var name: String
  /// The namespace's address; empty without one. An undeclared prefix stands here as `prefix:`.
  var namespace: String
  var attributes: [Attribute]
  var children: [Child]
  /// The base address of relative references inside (XML Base).
  var base: String

  var elements: [XMLElement] {
    children.compactMap { child in
      guard case .element(let element) = child else { return nil }
      return element
    }
  }

  /// The value of an attribute without namespace.
  func attribute(_ name: String) -> String? {
    attributes.first { $0.name == name && $0.namespace.isEmpty }?.value
  }

  func attribute(_ name: String, namespace: String) -> String? {
    attributes.first { $0.name == name && $0.namespace == namespace }?.value
  }

  /// The texts inside, markup left out, with a space where an element breaks the line.
  var textContent: String {
    var out = ""
    appendText(to: &out)
    return out
  }

  private func appendText(to out: inout String) {
    for child in children {
      switch child {
      case .text(let text): out += text
      case .element(let element):
        let isBlock = HTMLText.breaksLine(element.name)
        if isBlock { out += " " }
        element.appendText(to: &out)
        if isBlock { out += " " }
      }
    }
  }
}
