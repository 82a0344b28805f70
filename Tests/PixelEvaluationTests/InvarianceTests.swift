import Foundation
import ImageData
import NeuralNetworks
import RepresentationEvaluation
import Statistics
import Testing
import Torch
import Views

@testable import PixelEvaluation

@Suite struct InvarianceTests {
  /// An encoder that sees the pixels themselves.
  private final class Pixels: Backbone {
    let featureCount: Int
    let inputChannels: Int
    let stageCount = 1

    init(channels: Int) { (inputChannels, featureCount) = (channels, 256 * channels) }

    func callAsFunction(_ images: Tensor, in phase: Phase) -> Tensor { images.reshaped([images.shape[0], -1]) }
    func features(_ images: Tensor, afterStage stage: Int, in phase: Phase) -> Tensor { self(images, in: phase) }
  }

  private var task: EncoderTask {
    var task = shapesTask(trainingImages: 3, testImages: 40)
    task.backbone = Pixels(channels: 1)
    return task
  }

  private func cosine(_ one: [Double], _ other: [Double]) -> Double {
    func product(_ one: [Double], _ other: [Double]) -> Double { zip(one, other).reduce(0) { $0 + $1.0 * $1.1 } }
    return product(one, other) / (product(one, one) * product(other, other)).squareRoot()
  }

  /// Displacements of an encoder that sees pixels, from pixels altered by hand.
  @Test func displacementsAreThoseOfPixels() throws {
    let task = task
    var invariance = Invariance()
    (invariance.images, invariance.seed) = (0, 3)
    invariance.alterations = [.flip, .solarize, .brightness]
    let result = try invariance.evaluate(task)
    let pixels = try (0..<40).map { try task.test.image(at: $0).pixels.map(Double.init) }
    func seen(_ values: [Double]) -> [Double] { values.map { ($0 / 255 - 0.3) / 0.3 } }
    let clean = pixels.map(seen)
    let pairs = (0..<40).flatMap { one in (0..<40).filter { $0 != one }.map { cosine(clean[one], clean[$0]) } }
    let others = 1 - pairs.reduce(0, +) / Double(pairs.count)
    #expect(abs(result.distanceOfOthers - others) < 1e-5 && result.images == 40)
    func expected(_ change: (Int, [Double]) -> [Double]) -> Double {
      (0..<40).reduce(0) { $0 + (1 - cosine(clean[$1], seen(change($1, pixels[$1])))) } / 40 / others
    }
    let flipped = expected { _, values in (0..<256).map { values[$0 / 16 * 16 + 15 - $0 % 16] } }
    let solarized = expected { _, values in values.map { $0 >= 128 ? 255 - $0 : $0 } }
    func brightened(_ strength: Double) -> Double {
      expected { image, values in
        var random = ViewRandom(seed: 3, epoch: 0, sample: image, view: 0, stream: RandomStream.alteration)
        let factor = random.uniform() < 0.5 ? 1 + strength : 1 - strength
        return values.map { min(255, ($0 * factor).rounded(.down)) }
      }
    }
    let found = result.displacements.map(\.mean)
    // A view is mirrored, inverted and brightened in 8 bits, within a value of what is done here.
    let wanted = [flipped, solarized] + [0.2, 0.4, 0.8].map(brightened)
    #expect(found.count == 5)
    for (found, wanted) in zip(found, wanted) { #expect(abs(found - wanted) < 0.004, "\(found) is not \(wanted)") }
    #expect(flipped > 0.1 && found[2] < found[3] && found[3] < found[4])
    for displacement in result.displacements {
      #expect(displacement.interval.lower <= displacement.mean && displacement.mean <= displacement.interval.upper)
    }
    let mean = (found[0] + found[1] + (found[2] + found[3] + found[4]) / 3) / 3
    #expect(abs(result.measures[0].value - mean) < 1e-12 && invariance.mainMeasure == result.measures[0].name)
  }

  /// Crops are parts of the asked size anywhere in the image; a smaller one moves further.
  @Test func cropsAreSomewhereInTheImage() throws {
    var places: Set<[Int]> = []
    for sample in 0..<200 {
      for alteration in Alteration.Kind.crop.strengths {
        var random = ViewRandom(seed: 0, epoch: 0, sample: sample, view: 0, stream: RandomStream.alteration)
        let crop = alteration.parameters(width: 40, height: 20, using: &random).crop
        #expect(crop.left >= 0 && crop.top >= 0 && crop.left + crop.width <= 40 && crop.top + crop.height <= 20)
        #expect(abs(Double(crop.width * crop.height) / 800 - alteration.strength) < 0.05)
        if alteration.strength == 0.25 { places.insert([crop.left, crop.top]) }
      }
    }
    #expect(places.count > 100)
    var invariance = Invariance()
    invariance.alterations = [.crop, .blur]
    let result = try invariance.evaluate(task)
    let means = result.displacements.map(\.mean)
    #expect(means[0] < means[1] && means[1] < means[2] && means[3] < means[4] && means[4] < means[5])
    let again = try invariance.evaluate(task)
    #expect(again.displacements == result.displacements)
  }

  /// Gray images have no colors to change; colored ones are changed in all ways.
  @Test func colorsAreChangedWhereThereAreSome() throws {
    let gray = try Invariance().evaluate(task).displacements.map(\.alteration.kind)
    #expect(!gray.contains { $0.changesColors } && Set(gray).count == Alteration.Kind.allCases.count - 3)
    func value(_ place: Int, _ image: Int) -> UInt8 {
      let color = place % 3 * 90 * (image % 4)
      return UInt8((place * (image + 3) * 37 + color) % 256)
    }
    let images = (0..<12).map { image in
      Image(width: 16, height: 16, channels: 3, pixels: (0..<768).map { value($0, image) })
    }
    var colored = task
    colored.backbone = Pixels(channels: 3)
    colored.transform = EvaluationTransform(
      resize: 16, crop: 16, interpolation: .bilinear,
      normalization: Normalization(mean: [0.3], standardDeviation: [0.3]), channels: 3)
    colored.test = Copies(images: images, labels: (0..<12).map { $0 % 3 })
    let result = try Invariance().evaluate(colored)
    #expect(result.displacements.map(\.alteration) == Alteration.Kind.allCases.flatMap(\.strengths))
    #expect(result.displacements.allSatisfy { $0.mean > 0 && $0.mean.isFinite })
  }
}
