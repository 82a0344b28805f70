import Foundation
import RepresentationEvaluation
import TestSupport
import Testing
import Torch

@Suite struct EmbeddingGeometryTests {
  private func unitRows(_ tensor: Tensor) -> [[Double]] {
    tensor.rows(as: Float.self).map { row in
      let length = row.reduce(0.0) { $0 + Double($1) * Double($1) }.squareRoot()
      return row.map { Double($0) / length }
    }
  }

  private func squaredDistance(_ a: [Double], _ b: [Double]) -> Double {
    zip(a, b).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
  }

  /// Image by image and pair by pair, over more images than are looked at together.
  @Test(arguments: [7, 530]) func equalsBruteForce(count: Int) throws {
    let features = Tensor.normal([count, 5], using: Generator(seed: 1)) + 0.4
    let others = features + .normal([count, 5], standardDeviation: 0.9, using: Generator(seed: 2))
    let (first, second) = (unitRows(features), unitRows(others))
    var (alignment, kernels, found) = (0.0, 0.0, 0)
    for i in 0..<count {
      alignment += squaredDistance(first[i], second[i]) / Double(count)
      for j in 0..<count where j != i { kernels += exp(-2 * squaredDistance(first[i], first[j])) }
      let nearest = (0..<count).min { squaredDistance(second[i], first[$0]) < squaredDistance(second[i], first[$1]) }
      if nearest == i { found += 1 }
    }
    let geometry = try EmbeddingGeometry(of: features, others: others)
    #expect(abs(geometry.alignment - alignment) < 1e-5)
    #expect(abs(geometry.uniformity - log(kernels / Double(count * (count - 1)))) < 1e-5)
    #expect(geometry.retrieval == Double(found) / Double(count))
    if count > 100 { #expect(geometry.retrieval > 0.05 && geometry.retrieval < 0.95) }
    #expect(geometry.rank > 1 && geometry.rank <= 5)
  }

  @Test func extremesAreWhatTheyShouldBe() throws {
    let corners = Tensor.identity(8)
    let spread = try EmbeddingGeometry(of: corners * 3, others: corners)
    #expect(abs(spread.rank - 8) < 1e-4 && spread.alignment < 1e-12 && spread.retrieval == 1)
    // All pairs are √2 apart.
    #expect(abs(spread.uniformity + 4) < 1e-5)
    let point = try EmbeddingGeometry(of: .ones([8, 8]), others: .ones([8, 8]))
    #expect(abs(point.rank - 1) < 1e-3 && abs(point.uniformity) < 1e-5 && point.retrieval <= 1 / 8)
    #expect(EmbeddingGeometry.effectiveRank(of: .full([3, 3], .nan)).isNaN)
  }

  @Test(.oneAtATime, arguments: otherDevices) func isTheSameOnAnotherDevice(device: Device) throws {
    func measure() throws -> EmbeddingGeometry {
      let features = Tensor.normal([20, 5], using: Generator(seed: 1))
      return try EmbeddingGeometry(of: features, others: features + .normal([20, 5], using: Generator(seed: 2)))
    }
    let (here, there) = (try measure(), try withDevice(device, measure))
    #expect(abs(here.rank - there.rank) < 1e-4 && abs(here.alignment - there.alignment) < 1e-5)
    #expect(abs(here.uniformity - there.uniformity) < 1e-5 && here.retrieval == there.retrieval)
  }
}
