import RepresentationEvaluation
import Statistics

extension Invariance {
  /// How far the embedding moves.
  public struct Result: EvaluationResult {
    /// Each kind and strength, in the order asked, weakest strengths first.
    public var displacements: [Displacement]
    /// The mean cosine distance between different images, which is the unit of displacements.
    public var distanceOfOthers: Double
    /// The number of images.
    public var images: Int

    /// The mean over all kinds of the mean over their strengths.
    public var measures: [Measure] {
      let kinds = Alteration.Kind.allCases.compactMap { kind -> Double? in
        let own = displacements.filter { $0.alteration.kind == kind }
        return own.isEmpty ? nil : own.reduce(0) { $0 + $1.mean } / Double(own.count)
      }
      guard !kinds.isEmpty else { return [] }
      return [
        Measure(
          name: "mean displacement", value: kinds.reduce(0, +) / Double(kinds.count), interval: nil,
          lowerIsBetter: true)
      ]
    }
  }

  /// How far the embedding moves under one alteration.
  public struct Displacement: Codable, Sendable, Equatable {
    /// What was done.
    public var alteration: Alteration
    /// The mean cosine distance to the image as it was, as a share of that between different images.
    public var mean: Double
    /// Its 95 % interval over images, by bootstrap.
    public var interval: ConfidenceInterval

    init(_ alteration: Alteration, distances: [Double], seed: UInt64) {
      self.alteration = alteration
      mean = distances.reduce(0, +) / Double(max(distances.count, 1))
      interval = .bootstrap(meanOf: distances, seed: seed)
    }
  }
}
