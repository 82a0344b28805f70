import NeuralNetworks
import Optimization
import TestSupport
import Testing
import Torch

@testable import HardViewPretraining
@testable import HardViewSelection
@testable import Objectives

@Suite struct PairingTests {
  private let progress = TrainingProgress(stepsPerEpoch: 4, totalEpochs: 2)

  @Test func pairingsAreAllWaysToDivide() {
    #expect(Pairing.pairings(of: [0, 1, 2, 3]) == [[[0, 1], [2, 3]], [[0, 2], [1, 3]], [[0, 3], [1, 2]]])
    #expect(Pairing.pairings(of: Array(0..<6)).count == 15)
    let eight = Pairing.pairings(of: Array(0..<8))
    #expect(eight.count == 105 && Set(eight).count == 105)
    #expect(eight.allSatisfy { Set($0.flatMap { $0 }) == Set(0..<8) })
  }

  /// Against the losses of every pair alone, for methods that share nothing but the protocol.
  @Test(arguments: [true, false]) func lossIsThatOfThePairs(takesHardest: Bool) throws {
    try check(SimSiam.self, takesHardest)
    try check(SimCLR.self, takesHardest)
    try check(VICReg.self, takesHardest)
  }

  private func check<Method: SelfSupervisedMethod>(_ type: Method.Type, _ takesHardest: Bool) throws {
    let method = try SmallMethods.make(type)
    let pool = SmallMethods.pool(for: method, sizes: [4])
    let encodings = method.encode(pool.views, for: .training)
    let losses = Pairing(takesHardest: takesHardest).losses(encodings, of: method, in: StepContext(progress))
    func pair(_ first: Int, _ second: Int) -> [Double] {
      method.sampleLosses([encodings[first], encodings[second]], in: StepContext(progress)).scalars()
    }
    let ways = [[pair(0, 1), pair(2, 3)], [pair(0, 2), pair(1, 3)], [pair(0, 3), pair(1, 2)]].map { pairs in
      zip(pairs[0], pairs[1]).map { ($0 + $1) / 2 }
    }
    for (image, loss) in losses.scalars(as: Double.self).enumerated() {
      let expected = takesHardest ? ways.map { $0[image] }.max()! : ways[0][image]
      #expect(abs(loss - expected) < 1e-4 * max(1, abs(expected)), "\(Method.name), image \(image)")
    }
    losses.mean().backward()
    #expect(method.parameters.allSatisfy { $0.gradient != nil })
  }

  @Test(arguments: ["hardest_pairs", "random_pairs"]) func runsTrain(policy: String) throws {
    try withTemporaryDirectory { folder in
      let tiny = try TinyRun(in: folder)
      let first = try tiny.train("a", ["selection.policy=\(policy)"])
      let again = try tiny.train("b", ["selection.policy=\(policy)"])
      #expect(try TinyRun.weights(first) == TinyRun.weights(again))
      for wrong in ["candidates=3", "candidates=10"] {
        #expect(throws: (any Error).self) {
          try tiny.configuration(["selection.policy=\(policy)", "selection.\(wrong)"])
        }
      }
    }
  }
}
