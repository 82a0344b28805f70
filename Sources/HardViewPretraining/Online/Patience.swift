/// Decides when training has gone on without a better signal for long enough.
struct Patience {
  /// Epochs without a better signal; 0 for any number.
  let epochs: Int
  let signals: SignalHistory

  /// Why training should end, for people; nil where it should not.
  func reasonToStop() -> String? {
    guard epochs > 0, signals.epochsWithoutImprovement >= epochs, let best = signals.best, let latest = signals.latest
    else { return nil }
    return "Training ended after epoch \(latest.epoch): the online signal has not been better than after epoch "
      + "\(best.epoch) for \(latest.epoch - best.epoch) epochs (training.patience \(epochs)). --resume goes on with "
      + "--set training.patience=0, or a larger number."
  }
}
