import Foundation
import Safetensors
import TestSupport
import Testing
import Views

@testable import Corruptions

/// The corruptions against those of the PyPI package `imagecorruptions` (scripts/make_corruption_fixtures.py).
@Suite struct CorruptionReferenceTests {
  private let file: SafetensorsFile

  init() throws { file = try SafetensorsFile(path: Fixtures.path("corruptions.safetensors")) }

  /// The fixture's numbers: fractional parts of multiples of the golden ratio.
  private struct GivenDraws: CorruptionDraws {
    private var count = 0.0

    mutating func uniform() -> Double {
      count += 1
      return (count * 0.6180339887498949).truncatingRemainder(dividingBy: 1)
    }

    mutating func normal() -> Double { (uniform() - 0.5) * 12.0.squareRoot() }
  }

  private func image(_ name: String) throws -> Image {
    let shape = try file.shape(of: name)
    return Image(
      width: shape[1], height: shape[0], channels: shape[2], pixels: try file.integers(name).map { UInt8($0) })
  }

  /// Levels by which a value may differ, and by which values may differ on average.
  private func tolerance(_ corruption: Corruption) -> (largest: Int, mean: Double) {
    switch corruption {
    // The package cuts off a level more often: its whole numbers are a little less, or ours are.
    case .brightness, .defocusBlur: (1, 0.1)
    // Coordinates are in 32nds of a pixel in OpenCV.
    case .elasticTransform: (4, 0.3)
    // A value at the threshold may be a flake or none.
    case .snow: (2, 0.05)
    default: (1, 0.05)
    }
  }

  @Test(arguments: Corruption.allCases.filter { $0 != .frost }, CorruptionScale.allCases)
  func givenTheSameRandomNumbersPixelsAreTheSame(corruption: Corruption, scale: CorruptionScale) throws {
    let image = try image("given.\(scale.rawValue).image")
    let places = try file.integers("given.\(scale.rawValue).places")
    let tolerance = tolerance(corruption)
    for severity in Corruptor.severities {
      var draws = GivenDraws()
      let result = try Corruptor(corruption, severity: severity, scale: scale).corrupt(image, using: &draws)
      let reference = try file.integers("given.\(scale.rawValue).\(corruption.rawValue).\(severity)")
      var (largest, sum) = (0, 0)
      for (row, place) in places.enumerated() {
        for channel in 0..<3 {
          let difference = abs(Int(result.pixels[3 * place + channel]) - reference[3 * row + channel])
          largest = max(largest, difference)
          sum += difference
        }
      }
      let mean = Double(sum) / Double(reference.count)
      #expect(largest <= tolerance.largest, "\(corruption) \(severity), \(scale): \(largest)")
      #expect(mean <= tolerance.mean, "\(corruption) \(severity), \(scale): mean \(mean)")
    }
  }

  @Test(arguments: Corruption.allCases.filter { !$0.isDeterministic && $0 != .frost }, [1, 3, 5])
  func drawnChangesHaveThePackagesStatistics(corruption: Corruption, severity: Int) throws {
    let image = try image("drawn.image")
    let corruptor = Corruptor(corruption, severity: severity, scale: .imageNet)
    let rows = try file.floats("drawn.\(corruption.rawValue).\(severity)")
    let count = try file.shape(of: "drawn.\(corruption.rawValue).\(severity)")[0]
    let draws = 24
    let ours = try (0..<draws).map { statistics(of: try corruptor.corrupt(image, number: $0, seed: 3), from: image) }
    for statistic in 0..<6 {
      let theirs = (0..<count).map { Double(rows[$0 * 6 + statistic]) }
      let (mean, spread) = moments(theirs)
      let (own, ownSpread) = moments(ours.map { $0[statistic] })
      // Four standard errors of the difference; the small number is what cutting off a level may change.
      let error = (spread * spread / Double(count) + ownSpread * ownSpread / Double(draws)).squareRoot()
      #expect(
        abs(own - mean) <= 4 * error + 0.02,
        "\(corruption) \(severity), statistic \(statistic): \(own) instead of \(mean) ± \(error)")
    }
  }

  @Test func iceIsAsBrightAndAsUnevenAsThePhotographs() throws {
    let frost = try file.floats("frost").map { Double($0) / 255 }
    for number in 0..<4 {
      var draws = CounterDraws(seed: 1, image: number, corruption: .frost, severity: 1)
      let (mean, deviation) = moments(IceTexture(width: 96, height: 96, using: &draws).brightness.map(Double.init))
      #expect(abs(mean - frost[0]) < 0.02)
      #expect(abs(deviation - frost[1]) < 0.02)
    }
  }

  private func moments(_ values: [Double]) -> (mean: Double, deviation: Double) {
    let mean = values.reduce(0, +) / Double(values.count)
    let squares = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
    return (mean, (squares / Double(values.count - 1)).squareRoot())
  }

  /// Mean, deviation and logarithms of the variogram, as the script has them.
  private func statistics(of corrupted: Image, from image: Image) -> [Double] {
    let change: [Double] = zip(corrupted.pixels, image.pixels).map { Double($0.0) - Double($0.1) }
    let (mean, deviation) = moments(change)
    let side = image.width
    let gray: [Double] = (0..<side * side).map { place in
      change[3 * place..<3 * place + 3].reduce(0, +) / 3
    }
    return [mean, deviation]
      + [1, 2, 4, 8].map { distance in
        var sum = 0.0
        for line in 0..<side {
          for place in 0..<side - distance {
            let across = gray[line * side + place + distance] - gray[line * side + place]
            let down = gray[(place + distance) * side + line] - gray[place * side + line]
            sum += across * across + down * down
          }
        }
        return log(sum / Double(2 * side * (side - distance)) + 1e-3)
      }
  }
}
