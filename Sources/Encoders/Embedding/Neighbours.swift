import Torch

/// An image that is near another one.
public struct Neighbour: Codable, Sendable, Equatable {
  /// Its name.
  public var name: String
  /// Its place in the dataset.
  public var index: Int
  /// The cosine of the angle between both images' features, -1 to 1.
  public var similarity: Double
}

extension Embeddings {
  /// The nearest of these images for each of others, by cosine, the nearest first.
  ///
  /// An image is not its own neighbor: those of the query's name are left out.
  /// - Parameters:
  ///   - queries: Images whose features are of the same kind.
  ///   - count: How many, at most.
  /// - Throws: `TorchError` when memory runs out.
  public func neighbours(of queries: Embeddings, count: Int = 10) throws -> [[Neighbour]] {
    precondition(kind == queries.kind && kind != .patches, "neighbors of one row of features an image")
    precondition(count > 0, "\(count) neighbors")
    return try throwingExhaustion {
      withDevice(.cpu) {
        let bank = features.normalized().transposed()
        return (0..<queries.count).map { query in
          let row = queries.features.narrowed(along: 0, from: query, count: 1).normalized()
          let same = names.count { $0 == queries.names[query] }
          let (cosines, places) = row.matmul(bank).largest(min(count + same, self.count))
          return zip(cosines.scalars(as: Double.self), places.scalars(as: Int.self)).compactMap { cosine, place in
            names[place] == queries.names[query]
              ? nil : Neighbour(name: names[place], index: indices[place], similarity: cosine)
          }.prefix(count).map { $0 }
        }
      }
    }
  }
}
