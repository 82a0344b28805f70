import Foundation
import ImageData

/// What metrics say about a training, epoch by epoch.
///
/// Each rule sees all epochs up to the latest one, and speaks of the latest.
struct HealthRules {
  /// The averages of an epoch.
  struct Epoch {
    var step: Int
    var number: Int
    /// The mean loss of its lines, and of its first and last third.
    var loss: Double
    var firstLoss: Double
    var lastLoss: Double
    /// How many lines it has.
    var lineCount: Int
    /// The embedding at its end.
    var rank: Double
    var selectedOverlap: Double
    var randomOverlap: Double
    /// Mean scores; nil where nothing was scored.
    var scores: (selected: Double, random: Double)?
    /// Captured hardness and the part of it that geometry and colors predict; nil without audits.
    var captured: (total: Double, predicted: Double)?
    /// The share of views that find their image; nil where it was not measured.
    var retrieval: Double?
    /// The share of the time that training waited for images, and the time.
    var waiting: (share: Double, seconds: Double)

    /// Puts an epoch's lines together; at least one.
    init(_ lines: [MetricsRecord]) {
      func mean(_ value: (MetricsRecord) -> Double?) -> Double? {
        let values = lines.compactMap(value)
        return values.isEmpty ? nil : values.reduce(0, +) / Double(values.count)
      }
      let last = lines[lines.count - 1]
      (step, number, lineCount) = (last.step, last.epoch, lines.count)
      let third = max(1, lines.count / 3)
      func meanLoss(_ part: ArraySlice<MetricsRecord>) -> Double { part.reduce(0) { $0 + $1.loss } / Double(third) }
      (firstLoss, lastLoss, loss) = (meanLoss(lines.prefix(third)), meanLoss(lines.suffix(third)), mean(\.loss)!)
      (rank, selectedOverlap, randomOverlap) = (last.featureRank, mean(\.selectedOverlap)!, mean(\.randomOverlap)!)
      scores = mean(\.selectedScore).flatMap { selected in mean(\.randomScore).map { (selected, $0) } }
      captured = mean(\.capturedHardness).flatMap { total in mean(\.capturedPredictedHardness).map { (total, $0) } }
      retrieval = lines.compactMap { $0.online?.last?.retrieval }.last
      let waited = lines.reduce(0) { $0 + $1.dataSeconds }
      let all = lines.reduce(waited) {
        $0 + $1.selectionSeconds + $1.trainingSeconds + ($1.candidateSeconds ?? 0) + ($1.auditSeconds ?? 0)
          + ($1.otherSeconds ?? 0)
      }
      waiting = (all > 0 ? waited / all : 0, all)
    }
  }

  /// All epochs so far; at least one.
  let epochs: [Epoch]
  private var latest: Epoch { epochs[epochs.count - 1] }

  /// What is to be said of the latest epoch.
  var findings: [HealthFinding] {
    [partialCollapse, flatScores, distantViews, narrowViews, shallowHardness, noProgress, slowLoading].compactMap { $0 }
  }

  private func finding(_ kind: HealthFinding.Kind, _ message: String, _ advice: String) -> HealthFinding {
    HealthFinding(step: latest.step, epoch: latest.number, kind: kind, message: message, advice: advice)
  }

  private var partialCollapse: HealthFinding? {
    guard let best = epochs.dropFirst().dropLast().max(by: { $0.rank < $1.rank }), best.rank > 4,
      latest.rank < best.rank / 2, latest.loss < best.loss
    else { return nil }
    return finding(
      .partialCollapse,
      "The embedding uses fewer dimensions while the loss falls: its effective rank fell from "
        + "\(decimal(best.rank)) after epoch \(best.number + 1) to \(decimal(latest.rank)), the loss from "
        + "\(decimal(best.loss)) to \(decimal(latest.loss)). Such an encoder tells fewer images apart.",
      "Try a lower optimizer.learning_rate, a higher method.momentum or temperature where there is one, or fewer epochs "
        + "(the best checkpoint by the online signal is kept)")
  }

  private var flatScores: HealthFinding? {
    guard epochs.count > 1, let scores = latest.scores else { return nil }
    let gain = scores.selected - scores.random
    guard gain >= 0, gain < 0.005 * max(abs(scores.random), 0.1) else { return nil }
    return finding(
      .flatScores,
      "The chosen views are hardly harder than random ones: their score is \(decimal(scores.selected, 4)), that of random "
        + "views \(decimal(scores.random, 4)). Selection costs time and changes nothing.",
      "Draw views that differ more (a smaller views.crop.scale, stronger views.jitter), draw more of them "
        + "(selection.candidates), or train with selection.policy=none")
  }

  private var distantViews: HealthFinding? {
    let retrievals = epochs.compactMap(\.retrieval)
    guard latest.selectedOverlap < 0.1, latest.scores != nil, retrievals.count > 2,
      retrievals.suffix(3).last! < 0.8 * retrievals.max()!
    else { return nil }
    return finding(
      .distantViews,
      "The chosen crops hardly overlap (IoU \(decimal(latest.selectedOverlap)), random ones "
        + "\(decimal(latest.randomOverlap))), and fewer views find their image: \(percent(retrievals.last!)) after "
        + "\(percent(retrievals.max()!)). The pairs may show too little in common to learn from.",
      "Avoid such pairs with selection.overlap_floor=0.1, draw larger crops (views.crop.scale), or let hard views come in "
        + "slowly (selection.share.start=0)")
  }

  private var narrowViews: HealthFinding? {
    guard latest.randomOverlap > 0.85, epochs.count == 1 else { return nil }
    return finding(
      .narrowViews,
      "Random crops are nearly the same: they overlap by \(decimal(latest.randomOverlap)) (IoU), where the paper's overlap "
        + "by 0.49. There are hardly harder views to find.",
      "Draw smaller crops: views.crop.scale=[0.2, 1.0] is usual")
  }

  private var shallowHardness: HealthFinding? {
    guard epochs.count > 1, let captured = latest.captured, captured.total > 0.2,
      captured.predicted > 0.8 * captured.total
    else { return nil }
    return finding(
      .shallowHardness,
      "Hard views are mostly small, pale or far apart: \(percent(captured.predicted / captured.total)) of the hardness "
        + "that was captured follows from how they were drawn, not from what they show.",
      "Rank by the rest (selection.scoring.score=unexplained), or draw views that vary less in scale and color")
  }

  private var noProgress: HealthFinding? {
    guard epochs.count == 1, latest.lineCount > 2, latest.lastLoss >= latest.firstLoss - 1e-3 * abs(latest.firstLoss)
    else { return nil }
    return finding(
      .noProgress,
      "The loss has not fallen in the first epoch: \(decimal(latest.firstLoss, 3)) at its beginning, "
        + "\(decimal(latest.lastLoss, 3)) at its end.",
      "Try an optimizer.learning_rate that is ten times lower, then one that is ten times higher; with few steps an epoch, "
        + "wait for the second")
  }

  /// What is to be said of images that are copies of one another; nil where they are few.
  func repeatedImages(_ copies: ImageFingerprints.Copies, name: (Int) -> String) -> HealthFinding? {
    guard copies.pairs.count > copies.images / 100 else { return nil }
    let examples = copies.pairs.prefix(3).map { "\(name($0.copy)) of \(name($0.original))" }
    return finding(
      .repeatedImages,
      "\(copies.pairs.count) of \(copies.images) images are copies of others, such as "
        + "\(examples.joined(separator: ", ")). They count several times, losses that tell images apart push copies away "
        + "from one another, and evaluations find them again among the test images.",
      "Remove the copies")
  }

  private var slowLoading: HealthFinding? {
    guard latest.waiting.share > 0.3, latest.waiting.seconds > 5 else { return nil }
    return finding(
      .slowLoading,
      "Training waited for images for \(percent(latest.waiting.share)) of the time.",
      "Use more threads (data.loader_threads), decode smaller (data.decoding_margin=1), keep images in memory "
        + "(data.cache_megabytes), or pack them once (hardviews pack)")
  }

  private func decimal(_ value: Double, _ places: Int = 2) -> String { String(format: "%.\(places)f", value) }
  private func percent(_ share: Double) -> String { "\(Int((100 * share).rounded())) %" }
}
