/// One line of `selection.jsonl`: what a calibration found, and what was chosen for the steps after it.
public struct SelectionRecord: Codable, Sendable {
  /// The overhead and captured hardness of a policy.
  public struct Measured: Codable, Sendable {
    /// In a few words.
    public var policy: String
    /// A step's time as a multiple of a plain step's.
    public var overhead: Double
    /// Share of the hardness that exact selection finds; absent where all choices are equally hard.
    public var capturedHardness: Double?
    /// The part of it that the drawn geometry and colors predict.
    public var capturedPredictedHardness: Double?
    /// The part of it that depends on the image.
    public var capturedImageHardness: Double?
    /// That part as a share of what exact selection captures of it.
    public var keptShare: Double?

    init(_ measurement: PolicyMeasurement) {
      policy = measurement.policy.summary
      overhead = measurement.overhead
      capturedHardness = measurement.captured.total
      capturedPredictedHardness = measurement.captured.predicted
      capturedImageHardness = measurement.captured.imageSpecific
      keptShare = measurement.keptShare
    }
  }

  /// Steps taken before the calibration ended.
  public var step: Int
  /// The policy from now on.
  public var chosen: Measured
  /// The settings that choose it, as `--set` takes them.
  public var settings: [String]
  /// All policies, exact selection first.
  public var among: [Measured]

  init(step: Int, chosen: PolicyMeasurement, among: [PolicyMeasurement]) {
    self.step = step
    self.chosen = Measured(chosen)
    settings = chosen.policy.settings
    self.among = among.map(Measured.init)
  }

  /// One line for the console.
  public var note: String {
    func decimal(_ value: Double) -> String { "\(Double(Int((value * 100).rounded())) / 100)" }
    return "selection from step \(step + 1): \(chosen.policy), \(decimal(chosen.overhead)) × a plain step, keeps "
      + "\(Int(100 * (chosen.keptShare ?? 0))) % of the image-specific hardness (exact: \(decimal(among[0].overhead)) ×)"
  }
}
