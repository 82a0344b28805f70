import Foundation
import HardViewPretraining
import NeuralNetworks
import RunConfiguration
import RunRecords
import TestSupport
import Testing
import Torch

@testable import Studies

/// Arms of one seed begin with the same weights and see the same images in the same order.
@Suite struct SharedBeginningTests {
  private struct View: Decodable {
    var step: Int
    var image: Int
  }

  @Test func armsShareWeightsAndOrder() throws {
    try withTemporaryDirectory { folder in
      let data = try SyntheticImages.writeIDX(in: folder)
      let study = try Study(
        ConfigurationTree(
          yaml: """
            recipe: simsiam-fashion
            settings:
              threads: 1
              data: {path: \(data), limit: 0, loader_threads: 0}
              views: {size: 16}
              backbone: {width: 8}
              training: {epochs: 1, batch_size: 16}
              records: {views_of_images: 64}
            reference: random
            arms:
              random: {settings: {selection: {policy: none}}}
              hard: {settings: {selection: {policy: hardest}}}
              all: {settings: {selection: {policy: all}}}
            """, source: "study"))
      func begin(_ arm: String, seed: Int) throws -> (weights: [Float], order: [[Int]]) {
        var settings = study.configuration(of: arm, in: study.conditions[0]).tree
        settings.set(.integer(seed), at: "seed")
        let path = "\(folder)/\(arm)-\(seed)"
        let task = try Pretraining.start(ResolvedConfiguration(settings), output: path)
        let weights = task.encoder.parameters.flatMap { $0.value.scalars(as: Float.self) }
        _ = try task.run()
        let views = try JSONLines.read(View.self, from: RunDirectory.open(at: path).viewsPath)
        let steps = Dictionary(grouping: views, by: \.step).sorted { $0.key < $1.key }
        return (weights, steps.map { $0.value.map(\.image).sorted() })
      }
      let random = try begin("random", seed: 3)
      #expect(random.order.count == 4 && random.order.allSatisfy { $0.count == 16 })
      for arm in ["hard", "all"] {
        let other = try begin(arm, seed: 3)
        #expect(other.weights == random.weights && other.order == random.order)
      }
      let another = try begin("random", seed: 4)
      #expect(another.weights != random.weights && another.order != random.order)
    }
  }
}
