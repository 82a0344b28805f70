import Processors

/// What `transform` makes of every element, in their order; called from as many threads as there are processors.
func concurrentMap<Element: Sendable, Transformed: Sendable>(
  _ elements: some RandomAccessCollection<Element> & Sendable, _ transform: @Sendable (Element) -> Transformed
) -> [Transformed] {
  concurrentMap(count: elements.count) { offset in
    transform(elements[elements.index(elements.startIndex, offsetBy: offset)])
  }
}
