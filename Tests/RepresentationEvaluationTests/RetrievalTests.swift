@testable import RepresentationEvaluation
import Testing
import Torch

@Suite struct RetrievalTests {
  /// Average precision and the place of the first hit of one query, place by place.
  private func bruteForce(_ query: [Double], _ label: Int, among gallery: [([Double], Int)]) -> (Double, first: Int)? {
    func cosine(_ a: [Double], _ b: [Double]) -> Double {
      func product(_ a: [Double], _ b: [Double]) -> Double { zip(a, b).reduce(0.0) { $0 + $1.0 * $1.1 } }
      return product(a, b) / (product(a, a) * product(b, b)).squareRoot()
    }
    let hits = gallery.map { (cosine(query, $0.0), $0.1 == label) }.sorted { $0.0 > $1.0 }.map(\.1)
    let places = hits.indices.filter { hits[$0] }
    guard let first = places.first else { return nil }
    let precisions = places.enumerated().map { Double($0 + 1) / Double($1 + 1) }
    return (precisions.reduce(0, +) / Double(places.count), first)
  }

  @Test func leavingOneOutEqualsBruteForce() throws {
    // Ten images of each of four classes, and one alone in its class.
    var images = clusters(10, seed: 3, spread: 0.6, classes: 5)
    images = images.subset(images.labels.indices.filter { images.labels[$0] != 4 || $0 == 4 })
    let rows = zip(images.features.rows(as: Double.self), images.labels).map { ($0, $1) }
    let expected = rows.indices.compactMap { one in
      bruteForce(rows[one].0, rows[one].1, among: rows.indices.filter { $0 != one }.map { rows[$0] })
    }
    let result = try Retrieval().evaluate(leavingOneOut: images)
    #expect((result.gallery, result.queries, result.queriesWithoutMatch) == (40, 40, 1))
    #expect(abs(result.meanAveragePrecision - expected.map(\.0).reduce(0, +) / 40) < 1e-6)
    for recall in result.recall {
      #expect(recall.share == Double(expected.count { $0.first < recall.depth }) / 40)
    }
    #expect(result.measures.map(\.name) == ["mAP", "recall at 1", "recall at 5", "recall at 10"])
    #expect(result.recall[0].share < 0.95)
  }

  @Test func whatCannotBeFoundIsAnError() throws {
    let alone = LabelledFeatures(features: .identity(6) + 0.1, labels: Array(0..<6))
    #expect(throws: EvaluationDataError.nothingToFind) { try Retrieval().evaluate(leavingOneOut: alone) }
    let two = alone.subset([0, 1])
    #expect(try Retrieval().evaluate(train: two, test: two).recall.map(\.depth) == [1])
  }
}
