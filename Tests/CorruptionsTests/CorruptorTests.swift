import Glibc
import Testing
import Views

@testable import Corruptions

@Suite struct CorruptorTests {
  private func image(width: Int, height: Int, channels: Int) -> Image {
    var random = ViewRandom(seed: 5, epoch: 0, sample: 0, view: 0)
    var pixels = [UInt8](repeating: 0, count: width * height * channels)
    for place in pixels.indices {
      let (x, y) = (place / channels % width, place / channels / width)
      pixels[place] = UInt8(128 + 70 * sin(Double(x) / 5) + 40 * cos(Double(y) / 3) + random.uniform(in: -10...10))
    }
    return Image(width: width, height: height, channels: channels, pixels: pixels)
  }

  private func distance(_ first: Image, _ second: Image) -> Double {
    zip(first.pixels, second.pixels).reduce(0) { $0 + abs(Double($1.0) - Double($1.1)) } / Double(first.pixels.count)
  }

  @Test(arguments: Corruption.allCases)
  func pixelsDependOnImageNumberSeedAndSeverityAlone(corruption: Corruption) throws {
    let image = image(width: 40, height: 40, channels: 3)
    let corruptor = Corruptor(corruption, severity: 3, scale: .imageNet)
    let first = try corruptor.corrupt(image, number: 7, seed: 1)
    #expect(try corruptor.corrupt(image, number: 7, seed: 1) == first)
    #expect(first != image)
    #expect((try corruptor.corrupt(image, number: 8, seed: 1) == first) == corruption.isDeterministic)
    #expect((try corruptor.corrupt(image, number: 7, seed: 2) == first) == corruption.isDeterministic)
    #expect(try Corruptor(corruption, severity: 4, scale: .imageNet).corrupt(image, number: 7, seed: 1) != first)
  }

  @Test(arguments: Corruption.allCases, [(1, 33, 21), (5, 24, 31), (3, 1, 1), (1, 2, 3), (3, 40, 7)])
  func imagesOfAnyShapeKeepIt(corruption: Corruption, shape: (Int, Int, Int)) throws {
    let image = image(width: shape.1, height: shape.2, channels: shape.0)
    for scale in CorruptionScale.allCases {
      for severity in Corruptor.severities {
        let result = try Corruptor(corruption, severity: severity, scale: scale).corrupt(image, number: 0, seed: 0)
        #expect(result.width == image.width && result.height == image.height && result.channels == image.channels)
      }
    }
  }

  @Test(arguments: Corruption.allCases.filter(\.isDeterministic))
  func grayIsCorruptedAsTheSameInThreeChannels(corruption: Corruption) throws {
    let gray = image(width: 48, height: 48, channels: 1)
    let corruptor = Corruptor(corruption, severity: 4, scale: .imageNet)
    let result = try corruptor.corrupt(gray, number: 0, seed: 0).converted(toChannels: 3)
    let color = try corruptor.corrupt(gray.converted(toChannels: 3), number: 0, seed: 0)
    // Color goes through luma and chroma in a JPEG, which rounds once more.
    #expect(zip(result.pixels, color.pixels).allSatisfy { abs(Int($0) - Int($1)) <= 1 })
  }

  @Test func strongerSeveritiesChangeMore() throws {
    let image = image(width: 64, height: 64, channels: 3)
    for corruption in Corruption.allCases {
      let mean = try [1, 5].map { severity in
        let corruptor = Corruptor(corruption, severity: severity, scale: .imageNet)
        return try (0..<4).reduce(0.0) { $0 + distance(image, try corruptor.corrupt(image, number: $1, seed: 0)) }
      }
      // ImageNet-C's elastic transforms differ in kind: the first two move the whole image.
      if corruption != .elasticTransform { #expect(mean[1] > mean[0], "\(corruption)") }
    }
  }

  @Test func poissonCountsHaveTheirMeanAndVariance() {
    let table = PoissonTable(photons: 60)
    var draws = CounterDraws(seed: 1, image: 0, corruption: .shotNoise, severity: 1)
    let counts = (0..<20_000).map { _ in Double(table.draw(for: 85, using: &draws)) * 60 }
    let mean = counts.reduce(0, +) / 20_000
    let variance = counts.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / 20_000
    #expect(abs(mean - 20) < 0.15)
    #expect(abs(variance - 20) < 1)
    #expect((0..<100).allSatisfy { _ in table.draw(for: 0, using: &draws) == 0 })
  }

  @Test func normalNumbersAreNormal() {
    var draws = CounterDraws(seed: 1, image: 0, corruption: .gaussianNoise, severity: 1)
    let numbers = (0..<20_000).map { _ in draws.normal() }
    func moment(_ power: Double) -> Double { numbers.reduce(0) { $0 + pow($1, power) } / 20_000 }
    #expect(abs(moment(1)) < 0.03)
    #expect(abs(moment(2) - 1) < 0.05)
    #expect(abs(moment(3)) < 0.1)
    #expect(abs(moment(4) - 3) < 0.3)
  }

  @Test func constantsFollowTheSide() {
    #expect(CorruptionScale(forSide: 32) == .cifar)
    #expect(CorruptionScale(forSide: 64) == .cifar)
    #expect(CorruptionScale(forSide: 65) == .imageNet)
  }
}
