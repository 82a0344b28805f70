import Testing
import Views

/// Boxes drawn here and by torchvision's `RandomResizedCrop` come from the same distribution.
@Suite struct CropBoxesReferenceTests {
  @Test func distributionsAgree() throws {
    let fixture = try ReferenceFixture(named: "views.safetensors")
    let image = fixture["image"].image
    let reference = fixture["random_resized_crop.boxes"].rows
    let crop = CropRecipe(scale: [0.2, 1])
    let boxes = (0..<8000).map { sample in
      var random = ViewRandom(seed: 21, epoch: 0, sample: sample, view: 0)
      return crop.drawBox(width: image.width, height: image.height, using: &random)
    }
    let sides: [(String, KeyPath<CropBox, Int>)] = [
      ("top", \.top), ("left", \.left), ("height", \.height), ("width", \.width),
    ]
    // Passed once in a thousand by samples of one continuous distribution, more rarely by discrete ones.
    let (n, m) = (Double(boxes.count), Double(reference.count))
    let limit = 1.95 * ((n + m) / (n * m)).squareRoot()
    for (column, (name, side)) in sides.enumerated() {
      let statistic = kolmogorovSmirnov(boxes.map { $0[keyPath: side] }, reference.map { $0[column] })
      #expect(statistic < limit, "The distributions of \(name) are \(statistic) apart.")
    }
    let shapes = kolmogorovSmirnov(boxes.map(\.area), reference.map { $0[2] * $0[3] })
    #expect(shapes < limit, "The distributions of the area are \(shapes) apart.")
  }

  @Test func statisticSeesADifference() {
    let numbers = Array(0..<1000)
    #expect(kolmogorovSmirnov(numbers, numbers) == 0)
    #expect(abs(kolmogorovSmirnov(numbers, numbers.map { $0 + 100 }) - 0.1) < 1e-12)
  }

  /// Largest distance of the two empirical distribution functions.
  private func kolmogorovSmirnov(_ first: [Int], _ second: [Int]) -> Double {
    let (first, second) = (first.sorted(), second.sorted())
    var (i, j, largest) = (0, 0, 0.0)
    while i < first.count && j < second.count {
      let value = min(first[i], second[j])
      while i < first.count && first[i] == value { i += 1 }
      while j < second.count && second[j] == value { j += 1 }
      largest = max(largest, abs(Double(i) / Double(first.count) - Double(j) / Double(second.count)))
    }
    return largest
  }
}
