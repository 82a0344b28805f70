/// How good the encoder is while it trains; the `evaluation.online` section.
public struct OnlineConfiguration: Codable, Sendable, Equatable {
  /// Epochs between two signals.
  ///
  /// 0 measures none. -1 measures as often as training has seen 20 images for each of the sample, at the end of an epoch,
  /// which takes below 2 % of the time. The first signal precedes the first step, the last follows the last one.
  public var everyEpochs = -1
  /// Images in the sample, the same ones whatever the seed, in the proportions of the classes; at least ten of each class,
  /// at most 16,384, and never more than there are.
  public var images = 1024
  /// Neighbors that vote, where there are labels.
  public var k = 20
  /// Whether the sample is left out of training.
  ///
  /// It is then no more than a tenth of the images.
  public var heldOut = false

  /// A signal as often as it costs little, on images that are trained on.
  public init() {}

  /// Whether anything is measured.
  var isOn: Bool { everyEpochs != 0 }

  /// The first value out of range: its key within the section, and the reason.
  func problem() -> (key: String, reason: String)? {
    if everyEpochs < -1 {
      return ("every_epochs", "must be -1 (as often as it costs little), 0 (never) or more, not \(everyEpochs)")
    }
    if !(2...16_384).contains(images) { return ("images", "must be between 2 and 16384, not \(images)") }
    if k < 1 { return ("k", "must be at least 1, not \(k)") }
    if heldOut, !isOn {
      return ("held_out", "leaves images out of training that nothing is measured on; set every_epochs to -1")
    }
    return nil
  }
}
