import Foundation
import Testing
import Views

@Suite struct RecipeTests {
  @Test func defaultsAreValid() throws {
    try ViewRecipe().validate()
    try Normalization.cifar10.validate()
  }

  @Test func recipesAndParametersSurviveJSON() throws {
    var recipe = ViewRecipe(size: 96, normalization: .cifar10)
    recipe.blur.kind = .pil
    #expect(try JSONDecoder().decode(ViewRecipe.self, from: JSONEncoder().encode(recipe)) == recipe)
    for sample in 0..<20 {
      var random = ViewRandom(seed: 1, epoch: 0, sample: sample, view: 0)
      let drawn = recipe.drawParameters(width: 70, height: 50, using: &random)
      #expect(try JSONDecoder().decode(ViewParameters.self, from: JSONEncoder().encode(drawn)) == drawn)
    }
  }

  struct Fault: CustomTestStringConvertible, Sendable {
    let keyPath: String
    let change: @Sendable (inout ViewRecipe) -> Void
    var testDescription: String { keyPath }
  }

  @Test(arguments: [
    Fault(keyPath: "views.size") { $0.size = 0 },
    Fault(keyPath: "views.crop.scale") { $0.crop.scale = [0.5] },
    Fault(keyPath: "views.crop.scale") { $0.crop.scale = [0, 1] },
    Fault(keyPath: "views.crop.scale") { $0.crop.scale = [0.6, 0.5] },
    Fault(keyPath: "views.crop.scale") { $0.crop.scale = [0.6, 1.5] },
    Fault(keyPath: "views.crop.ratio") { $0.crop.ratio = [-1, 1] },
    Fault(keyPath: "views.flip_probability") { $0.flipProbability = 1.5 },
    Fault(keyPath: "views.flip_probability") { $0.flipProbability = .nan },
    Fault(keyPath: "views.jitter.probability") { $0.jitter.probability = -0.1 },
    Fault(keyPath: "views.jitter.brightness") { $0.jitter.brightness = -1 },
    Fault(keyPath: "views.jitter.contrast") { $0.jitter.contrast = .infinity },
    Fault(keyPath: "views.jitter.saturation") { $0.jitter.saturation = .nan },
    Fault(keyPath: "views.jitter.hue") { $0.jitter.hue = 0.6 },
    Fault(keyPath: "views.grayscale_probability") { $0.grayscaleProbability = 2 },
    Fault(keyPath: "views.blur.probability") { $0.blur.probability = 2 },
    Fault(keyPath: "views.blur.kernel_size") { $0.blur.kernelSize = 8 },
    Fault(keyPath: "views.blur.kernel_size") { $0.blur.kernelSize = 0 },
    Fault(keyPath: "views.blur.sigma") { $0.blur.sigma = [0, 1] },
    Fault(keyPath: "views.solarize.probability") { $0.solarize.probability = 2 },
    Fault(keyPath: "views.solarize.threshold") { $0.solarize.threshold = 257 },
    Fault(keyPath: "views.normalization.mean") { $0.normalization.mean = [] },
    Fault(keyPath: "views.normalization.mean") { $0.normalization.mean = [.nan] },
    Fault(keyPath: "views.normalization.standard_deviation") { $0.normalization.standardDeviation = [0.1, 0, 0.1] },
  ])
  func faultsAreNamed(fault: Fault) throws {
    var recipe = ViewRecipe()
    fault.change(&recipe)
    let error = try #require(throws: ViewRecipeError.self) { try recipe.validate() }
    #expect(error.keyPath == fault.keyPath)
    #expect(error.description.hasPrefix("\(fault.keyPath): "))
  }

  @Test func errorsNameTheGivenSection() {
    let error = #expect(throws: ViewRecipeError.self) { try ViewRecipe(size: -3).validate(at: "views.local") }
    #expect(error?.description == "views.local.size: is -3; give a value from 1 to 8192.")
  }
}
