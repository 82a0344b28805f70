import Foundation
import NeuralNetworks

/// The online signals of a training: the best, the latest, and those that no line of metrics holds yet.
///
/// The signal before the first step is one to compare with and never the best.
final class SignalHistory: TrainingPart {
  /// The best so far; the first of equals.
  private(set) var best: OnlineSignal?
  /// The latest; nil before the first.
  private(set) var latest: OnlineSignal?
  private var unrecorded: [OnlineSignal] = []
  private let measure: String

  /// - Parameter measure: What is measured and how; a history of another measure is not gone on with.
  init(measure: String) {
    self.measure = measure
  }

  /// Adds a signal.
  func add(_ signal: OnlineSignal) {
    latest = signal
    unrecorded.append(signal)
    guard signal.step > 0 else { return }
    if signal.quality > best?.quality ?? -.infinity { best = signal }
  }

  /// Whether the best signal was measured after so many steps.
  func isBest(atStep step: Int) -> Bool { step > 0 && best?.step == step }

  /// Epochs that were trained after the best signal and before the latest.
  var epochsWithoutImprovement: Int {
    guard let best, let latest else { return 0 }
    return latest.epoch - best.epoch
  }

  /// The signals that were not taken before; nil for none.
  func takeUnrecorded() -> [OnlineSignal]? {
    defer { unrecorded = [] }
    return unrecorded.isEmpty ? nil : unrecorded
  }

  private struct Saved: Codable {
    var measure: String
    var best: OnlineSignal?
    var latest: OnlineSignal?
  }

  /// Checkpoints of older versions have none.
  var mayBeMissing: Bool { true }

  var values: [String: String] {
    let encoder = JSONEncoder()
    encoder.outputFormatting = .sortedKeys
    encoder.nonConformingFloatEncodingStrategy = .convertToString(
      positiveInfinity: "Infinity", negativeInfinity: "-Infinity", nan: "NaN")
    guard let text = try? encoder.encode(Saved(measure: measure, best: best, latest: latest)) else { return [:] }
    return ["history": String(decoding: text, as: UTF8.self)]
  }

  func restore(_ values: [String: String]) throws {
    let decoder = JSONDecoder()
    decoder.nonConformingFloatDecodingStrategy = .convertFromString(
      positiveInfinity: "Infinity", negativeInfinity: "-Infinity", nan: "NaN")
    guard let text = values["history"], let saved = try? decoder.decode(Saved.self, from: Data(text.utf8)),
      saved.measure == measure
    else { return }
    (best, latest) = (saved.best, saved.latest)
  }
}
