import Testing
import Views

/// RandAugment's operations against torchvision's on a PIL image, and their strengths against torchvision's table.
@Suite struct RandAugmentReferenceTests {
  let fixture: ReferenceFixture

  init() throws { fixture = try ReferenceFixture(named: "operations.safetensors") }

  @Test(arguments: DrawnOperation.Kind.allCases) func operation(kind: DrawnOperation.Kind) throws {
    let cases = fixture.cases(of: kind.rawValue + ":")
    #expect(kind == .identity || !cases.isEmpty, "The fixture has no case of \(kind.rawValue).")
    let image = fixture["image"].image
    for (rest, tensor) in cases {
      var magnitude = try #require(Double(rest))
      // Translations are drawn as fractions of the side, so that they mean the same at every size.
      if kind == .translateX { magnitude /= Double(image.width) }
      if kind == .translateY { magnitude /= Double(image.height) }
      var scratch = RenderScratch()
      var planes = PixelPlanes(image, scratch: &scratch)
      planes.apply(DrawnOperation(kind, magnitude: magnitude))
      let (largest, mean) = difference(planes.image, tensor.image)
      #expect(largest <= 2, "\(kind.rawValue):\(rest): the worst pixel is off by \(largest)/255.")
      #expect(mean <= 0.5, "\(kind.rawValue):\(rest): pixels are off by \(mean)/255 on average.")
    }
  }

  /// torchvision's `RandAugment()._augmentation_space(31, (224, 224))` at magnitude 9, translations cut to pixels.
  @Test func strengthsAreTorchvisions() {
    let strengths: [DrawnOperation.Kind: Double] = [
      .identity: 0, .shearX: 0.09, .shearY: 0.09, .translateX: 30.0 / 224, .translateY: 30.0 / 224, .rotate: 9,
      .brightness: 0.27, .saturation: 0.27, .contrast: 0.27, .sharpness: 0.27, .posterize: 7, .solarize: 178.5,
      .autoContrast: 0, .equalize: 0,
    ]
    let recipe = ViewRecipe(size: 224, randAugment: RandAugmentRecipe(operations: 2, magnitude: 9))
    var counts: [DrawnOperation.Kind: (all: Int, negative: Int)] = [:]
    for sample in 0..<7000 {
      var random = ViewRandom(seed: 3, epoch: 0, sample: sample, view: 0)
      let drawn = recipe.drawParameters(width: 300, height: 200, using: &random).operations ?? []
      #expect(drawn.count == 2)
      for operation in drawn {
        #expect(abs(abs(operation.magnitude) - strengths[operation.kind]!) < 1e-12)
        counts[operation.kind, default: (0, 0)].all += 1
        counts[operation.kind]!.negative += operation.magnitude < 0 ? 1 : 0
      }
    }
    // 14,000 draws of 14 kinds: 1,000 each with a standard deviation of 30; half of the signed ones are negative.
    for kind in DrawnOperation.Kind.allCases {
      let (all, negative) = counts[kind] ?? (0, 0)
      #expect((850...1150).contains(all), "\(kind.rawValue) was drawn \(all) times.")
      let isSigned = ![.identity, .posterize, .solarize, .autoContrast, .equalize].contains(kind)
      #expect(isSigned ? (0.42...0.58).contains(Double(negative) / Double(all)) : negative == 0)
    }
  }
}
