import Foundation
import Testing
import Torch

@testable import RepresentationEvaluation

@Suite struct EmbeddingMapTests {
  /// Rows around three directions, 20 of each.
  private func groups() -> Tensor {
    let centers = Tensor.normal([3, 16], using: Generator(seed: 1)) * 3.0
    let noise = Tensor.normal([60, 16], using: Generator(seed: 2))
    return centers.selecting(Tensor((0..<60).map { $0 / 20 })) + noise
  }

  /// Shares are those of the singular values of the centered rows, and places have no correlation.
  @Test func componentsAreThoseOfTheSingularValues() throws {
    let rows = Tensor.normal([40, 12], using: Generator(seed: 3)) * (Tensor.range(12).converted(to: .float32) + 1.0)
    let centered = rows - rows.mean(along: 0, keepingDimensions: true)
    let values = centered.singularValues().scalars(as: Double.self).map { $0 * $0 }
    let components = try EmbeddingMap.principalComponents(of: rows)
    for (share, value) in zip(components.shares, values) {
      #expect(abs(share - value / values.reduce(0, +)) < 1e-4)
    }
    let places = components.places.scalars(as: Double.self)
    let (x, y) = (stride(from: 0, to: 80, by: 2).map { places[$0] }, stride(from: 1, to: 80, by: 2).map { places[$0] })
    let product = zip(x, y).reduce(0) { $0 + $1.0 * $1.1 }
    #expect(abs(product) < 1e-6 * x.reduce(0) { $0 + $1 * $1 })
    #expect(abs(x.reduce(0, +)) < 1e-4 && abs(y.reduce(0, +)) < 1e-4)
  }

  @Test func neighborsAddUpAndHaveThePerplexity() throws {
    let rows = groups()
    let joint = EmbeddingMap.jointProbabilities(of: rows, perplexity: 8)
    #expect(abs(joint.sum().number - 1) < 1e-9)
    // By a search of one's own, row by row, in plain numbers.
    let unit = rows.converted(to: .float64).normalized()
    let cosines = unit.matmul(unit.transposed()).scalars(as: Double.self)
    var conditional = [[Double]](repeating: Array(repeating: 0, count: 60), count: 60)
    for row in 0..<60 {
      var (low, high) = (1e-4, 1e7)
      for _ in 0..<200 {
        let precision = (low * high).squareRoot()
        var shares = (0..<60).map { $0 == row ? 0 : exp(-precision * (2 - 2 * cosines[row * 60 + $0])) }
        let total = shares.reduce(0, +)
        shares = shares.map { $0 / total }
        let entropy = shares.reduce(0) { $0 - ($1 > 0 ? $1 * log($1) : 0) }
        if entropy > log(8) { low = precision } else { high = precision }
        conditional[row] = shares
      }
    }
    for (place, value) in joint.scalars(as: Double.self).enumerated() {
      let (row, column) = (place / 60, place % 60)
      #expect(abs(value - (conditional[row][column] + conditional[column][row]) / 120) < 1e-9)
    }
  }

  /// In the plane the nearest image is of the same group, and the same map comes out again.
  @Test func groupsStayTogether() throws {
    let rows = groups()
    let map = try EmbeddingMap.neighborEmbedding(of: rows, perplexity: 8)
    let places = map.scalars(as: Double.self)
    #expect(places.allSatisfy { $0.isFinite })
    for image in 0..<60 {
      let nearest = (0..<60).filter { $0 != image }.min { distance(image, $0, places) < distance(image, $1, places) }!
      #expect(nearest / 20 == image / 20)
    }
    #expect(try EmbeddingMap.neighborEmbedding(of: rows, perplexity: 8).scalars(as: Double.self) == places)
  }

  /// Copies, and rows of nothing but zeros, have a place, too.
  @Test func copiesHavePlaces() throws {
    for rows in [Tensor.ones([6, 4]), .zeros([6, 4]), .concatenated([groups(), groups()])] {
      let map = try EmbeddingMap.neighborEmbedding(of: rows, steps: 50)
      #expect(map.scalars(as: Double.self).allSatisfy { $0.isFinite })
    }
  }

  private func distance(_ one: Int, _ other: Int, _ places: [Double]) -> Double {
    let (x, y) = (places[2 * one] - places[2 * other], places[2 * one + 1] - places[2 * other + 1])
    return x * x + y * y
  }
}
