import Foundation
import Safetensors
import TestSupport
import Testing
import Views

/// Whole pipelines on real photographs against what torchvision makes of the same drawn parameters.
@Suite struct PipelineReferenceTests {
  private struct Case: Decodable {
    var name: String
    var photo: String
    var interpolation: Interpolation
    var blurKind: BlurKind
    var kernelSize: Int
    var threeAugment: Bool
    var parameters: ViewParameters
  }

  @Test func viewsOfPhotographs() throws {
    let fixture = try ReferenceFixture(named: "pipelines/photos.safetensors")
    let data = try Data(contentsOf: URL(filePath: Fixtures.path("pipelines/cases.json")))
    let cases = try JSONDecoder().decode([Case].self, from: data)
    #expect(cases.count > 80)
    for `case` in cases {
      let reference = fixture[`case`.name].image
      let recipe = ViewRecipe(
        size: reference.width, crop: CropRecipe(interpolation: `case`.interpolation),
        blur: BlurRecipe(kind: `case`.blurKind, kernelSize: `case`.kernelSize), threeAugment: `case`.threeAugment,
        normalization: .none)
      let view = ViewRenderer(recipe: recipe, channels: 3).rendered(fixture[`case`.photo].image, `case`.parameters)
      let image = Image(width: reference.width, height: reference.height, channels: 3, pixels: bytes(view))
      let (largest, mean) = difference(image, reference)
      #expect(largest <= 2, "\(`case`.name): the worst pixel is off by \(largest)/255.")
      #expect(mean <= 0.5, "\(`case`.name): pixels are off by \(mean)/255 on average.")
    }
  }

  /// Resampling in the faster order, which views smaller than their recipe take, rounds otherwise and no more.
  @Test(arguments: Interpolation.allCases) func smallViewsRoundInAnotherOrder(interpolation: Interpolation) throws {
    let photo = try ReferenceFixture(named: "pipelines/photos.safetensors")["photo.china"].image
    let exact = ViewRecipe(size: 40, crop: CropRecipe(interpolation: interpolation), normalization: .none)
    let large = ViewRecipe(size: 80, crop: CropRecipe(interpolation: interpolation), normalization: .none)
    for sample in 0..<40 {
      var random = ViewRandom(seed: 31, epoch: 0, sample: sample, view: 0)
      let crop = exact.crop.drawBox(width: photo.width, height: photo.height, using: &random)
      let drawn = ViewParameters(sourceWidth: photo.width, sourceHeight: photo.height, crop: crop)
      let small = ViewRenderer(recipe: large, channels: 3, size: 40).rendered(photo, drawn)
      let reference = ViewRenderer(recipe: exact, channels: 3).rendered(photo, drawn)
      let differences = zip(small, reference).map { abs($0 - $1) * 255 }
      // Where the cubic filter overshoots, what lies beyond 0 and 255 is cut off at another place.
      let (worst, mean) = (differences.max()!, differences.reduce(0, +) / Float(differences.count))
      #expect(worst < (interpolation == .bicubic ? 6.5 : 1.5), "The worst pixel is off by \(worst)/255.")
      #expect(mean < 0.3)
    }
  }

  /// 20,000 draws here and 20,000 by torchvision, the latter as 1,001 quantiles.
  @Test func drawnParametersHaveTorchvisionsDistributions() throws {
    let file = try SafetensorsFile(path: Fixtures.path("pipelines/quantiles.safetensors"))
    var recipe = ViewRecipe(size: 64, crop: CropRecipe(scale: [0.08, 1]), erasing: ErasingRecipe(probability: 1))
    recipe.jitter = JitterRecipe(probability: 1, brightness: 0.4, contrast: 0.8, saturation: 1.5, hue: 0.1)
    recipe.blur.probability = 1
    let drawn = (0..<20_000).map { sample in
      var random = ViewRandom(seed: 17, epoch: 0, sample: sample, view: 0)
      return recipe.drawParameters(width: 500, height: 375, using: &random)
    }
    let values: [String: (ViewParameters) -> Double?] = [
      "crop_top": { Double($0.crop.top) }, "crop_left": { Double($0.crop.left) },
      "crop_area": { Double($0.crop.area) },
      "crop_logratio": { log(Double($0.crop.width) / Double($0.crop.height)) },
      "brightness": { $0.jitter?.brightness }, "contrast": { $0.jitter?.contrast },
      "saturation": { $0.jitter?.saturation }, "hue": { $0.jitter?.hue }, "sigma": { $0.blurSigma },
      "erased_area": { $0.erased.map { Double($0.area) } }, "erased_top": { $0.erased.map { Double($0.top) } },
    ]
    #expect(Set(file.names) == Set(values.keys))
    // Samples of one distribution are further apart once in ten thousand; the quantiles add at most a thousandth.
    let limit = 2.23 * (2.0 / 20_000).squareRoot() + 0.001
    for (name, value) in values {
      let quantiles = try file.floats(name).map(Double.init)
      let distance = distance(of: drawn.compactMap(value).sorted(), to: quantiles)
      #expect(distance < limit, "The distributions of \(name) are \(distance) apart.")
    }
    // The statistic sees a shift of a twentieth of the range.
    let shifted = drawn.compactMap { values["brightness"]!($0) }.map { $0 + 0.04 }.sorted()
    #expect(distance(of: shifted, to: try file.floats("brightness").map(Double.init)) > limit)
  }

  /// Largest distance of an empirical distribution function to one given by evenly spaced quantiles.
  private func distance(of sorted: [Double], to quantiles: [Double]) -> Double {
    var largest = 0.0
    var (below, upTo) = (0, 0)
    for (index, quantile) in quantiles.enumerated() {
      // torchvision computes in float32.
      let tolerance = 1e-6 * max(1, abs(quantile))
      while below < sorted.count && sorted[below] < quantile - tolerance { below += 1 }
      while upTo < sorted.count && sorted[upTo] <= quantile + tolerance { upTo += 1 }
      // A value that occurs often is several quantiles; any of their levels may be the sample's.
      let level = Double(index) / Double(quantiles.count - 1)
      let (low, high) = (Double(below) / Double(sorted.count), Double(upTo) / Double(sorted.count))
      largest = max(largest, low - level, level - high)
    }
    return largest
  }
}
