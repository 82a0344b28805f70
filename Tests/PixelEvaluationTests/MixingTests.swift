import Torch
import Testing
import Views

@testable import PixelEvaluation

@Suite struct MixingTests {
  private let mixing = Mixing(mixup: 0.8, cutMix: 1, smoothing: 0.1, classes: 4)
  private let labels = [0, 1, 2, 3, 0]

  /// Images whose pixels all hold the image's number.
  private var images: Tensor {
    Tensor((0..<5).flatMap { Array(repeating: Float($0), count: 2 * 6 * 8) }, shape: [5, 2, 6, 8])
  }

  @Test func targetsHoldTheSharesOfPixelsThatImagesHave() {
    var random = ViewRandom(seed: 1, epoch: 0, sample: 0, view: 0)
    for _ in 0..<20 {
      let mix = mixing.draw(height: 6, width: 8, using: &random)
      let (mixed, targets) = mixing.apply(mix, to: images, labels: labels)
      let means = mixed.mean(along: 1, 2, 3).scalars(as: Double.self)
      let rows = targets.rows(as: Double.self)
      for (image, mean) in means.enumerated() where image != 2 {
        // The mean lies between the numbers of an image and its partner as the share says.
        let partner = Double(4 - image)
        let share = (mean - partner) / (Double(image) - partner)
        var expected = Array(repeating: 0.1 / 4, count: 4)
        expected[labels[image]] += 0.9 * share
        expected[labels[4 - image]] += 0.9 * (1 - share)
        for (target, value) in zip(rows[image], expected) { #expect(abs(target - value) < 1e-5) }
        #expect(abs(rows[image].reduce(0, +) - 1) < 1e-5)
      }
    }
  }

  @Test func boxesTakeWholePixelsAndBlendsShares() {
    let (cut, _) = mixing.apply(.box(rows: 1..<3, columns: 2..<7), to: images, labels: labels)
    let first = cut.narrowed(along: 0, from: 0, count: 1).reshaped([2, 48]).rows(as: Double.self)
    for channel in first {
      for (place, value) in channel.enumerated() {
        let isInside = (1..<3).contains(place / 8) && (2..<7).contains(place % 8)
        #expect(value == (isInside ? 4 : 0))
      }
    }
    let (blended, _) = mixing.apply(.blend(share: 0.25), to: images, labels: labels)
    #expect(blended.scalars(as: Double.self).first == 3)
  }

  @Test func withoutMixingImagesStayAndTargetsAreSmoothed() {
    var random = ViewRandom(seed: 1, epoch: 0, sample: 0, view: 0)
    let plain = Mixing(mixup: 0, cutMix: 0, smoothing: 0.2, classes: 4)
    #expect(plain.draw(height: 6, width: 8, using: &random) == .none)
    let (same, targets) = plain.apply(.none, to: images, labels: labels)
    #expect(same.scalars(as: Float.self) == images.scalars(as: Float.self))
    #expect(targets.rows(as: Double.self)[1].map { ($0 * 100).rounded() } == [5, 85, 5, 5])
  }

  @Test(arguments: [0.2, 0.8, 1.0, 3.0])
  func betaHasItsMeanAndVariance(alpha: Double) {
    var random = ViewRandom(seed: 3, epoch: 0, sample: 0, view: 0)
    let numbers = (0..<4000).map { _ in Mixing.beta(alpha, using: &random) }
    let mean = numbers.reduce(0, +) / 4000
    let variance = numbers.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / 4000
    #expect(numbers.allSatisfy { (0...1).contains($0) })
    #expect(abs(mean - 0.5) < 0.03)
    #expect(abs(variance - 1 / (4 * (2 * alpha + 1))) < 0.01)
  }
}
