import HardViewPretraining
import HardViewSelection
import Objectives
import Testing
import Torch

/// What iBOT hides.
@Suite struct BlockMaskTests {
  private let views = MaskedViews(group: 0, count: 2, size: 56, isLocal: false)

  private func method(_ change: (inout IBOT.Configuration) -> Void = { _ in }) -> IBOT {
    var configuration = IBOT.Configuration()
    (configuration.prototypes, configuration.patchPrototypes) = (4, 4)
    (configuration.headHidden, configuration.headBottleneck) = (4, 4)
    change(&configuration)
    return IBOT(configuration, backbone: tinyTransformer, using: Generator(seed: 0))
  }

  private func shares(_ masks: Tensor) -> [Float] { masks.mean(along: 2).scalars() }

  /// The mean and spread are those of a transcription of the published procedure in Python (a grid of 14 × 14, ratio
  /// drawn from 0.1 to 0.5): 0.2912 and 0.1165.
  @Test func hiddenSharesAreThePublishedOnes() throws {
    let draw = BatchDraw(seed: 1, epoch: 0, samples: Array(0..<2000))
    let masks = try #require(method { $0.maskProbability = 1 }.masks(of: views, for: draw))
    #expect(masks.shape == [2, 2000, 196])
    let shares = shares(masks).map(Double.init)
    let mean = shares.reduce(0, +) / Double(shares.count)
    let spread = (shares.map { ($0 - mean) * ($0 - mean) }.reduce(0, +) / Double(shares.count)).squareRoot()
    #expect(abs(mean - 0.2912) < 0.006)
    #expect(abs(spread - 0.1165) < 0.004)
    #expect(shares.allSatisfy { $0 > 0 && $0 <= 0.5 })
  }

  @Test func someViewsAreNotMaskedAndNoneBeforeItsTime() throws {
    let draw = BatchDraw(seed: 1, epoch: 0, samples: Array(0..<2000))
    let half = shares(try #require(method().masks(of: views, for: draw)))
    #expect(abs(Double(half.count { $0 > 0 }) / Double(half.count) - 0.5) < 0.03)
    let later = method { $0.unmaskedEpochs = 1 }
    #expect(shares(try #require(later.masks(of: views, for: draw))).allSatisfy { $0 == 0 })
    let local = MaskedViews(group: 2, count: 2, size: 24, isLocal: true)
    #expect(later.masks(of: local, for: draw) == nil)
  }

  /// The same image has the same masks wherever it stands in a batch; other views and epochs have others.
  @Test func masksAreAFunctionOfTheImage() throws {
    let method = method { $0.maskProbability = 1 }
    func masks(_ samples: [Int], epoch: Int = 0) throws -> [[Float]] {
      let all = try #require(method.masks(of: views, for: BatchDraw(seed: 1, epoch: epoch, samples: samples)))
      return all.split(into: 2).flatMap { $0.reshaped([samples.count, -1]).split(into: samples.count) }
        .map { $0.scalars() }
    }
    let first = try masks([3, 8])
    let swapped = try masks([8, 3])
    #expect(first[0] == swapped[1] && first[1] == swapped[0] && first[2] == swapped[3])
    #expect(first[0] != first[1] && first[0] != first[2])
    #expect(try masks([3, 8], epoch: 1)[0] != first[0])
  }
}
