import Objectives
import Torch
import Views

/// How much of the hardness that exact selection finds a cheaper selection finds too.
///
/// (mean exact loss of the selected − of random choices) / (of the exact hardest − of random choices), and the share of
/// it that the drawn geometry and colors predict.
public struct CapturedHardness: Sendable, Equatable {
  private var selected = 0.0
  private var random = 0.0
  private var hardest = 0.0
  private var selectedPrediction = 0.0
  private var randomPrediction = 0.0
  private var hardestPrediction = 0.0
  /// How many images were compared.
  public private(set) var images = 0

  /// Nothing seen yet.
  public init() {}

  private var range: Double? {
    let range = hardest - random
    return images > 0 && range > 1e-9 * Double(images) ? range : nil
  }

  /// 1 for exact selection, 0 for a random one; nil where all choices are equally hard.
  public var total: Double? { range.map { (selected - random) / $0 } }
  /// The part that the drawn geometry and colors predict, in the same unit.
  public var predicted: Double? { range.map { (selectedPrediction - randomPrediction) / $0 } }
  /// The part that depends on the image.
  public var imageSpecific: Double? { range.map { (selected - random - selectedPrediction + randomPrediction) / $0 } }
  /// The image-specific part of what exact selection finds: what `imageSpecific` can reach.
  public var exactImageSpecific: Double? {
    range.map { ($0 - hardestPrediction + randomPrediction) / $0 }
  }

  /// What a selection captures that does the same for a share of the images, and takes random views for the others.
  func diluted(to share: Double) -> CapturedHardness {
    var diluted = self
    diluted.selected = random + share * (selected - random)
    diluted.selectedPrediction = randomPrediction + share * (selectedPrediction - randomPrediction)
    return diluted
  }

  /// What all workers found, each with images of its own.
  /// - Throws: `TorchError` where others do not answer.
  public func summed(over workers: any Communicator) throws -> CapturedHardness {
    let sums = try workers.sums(
      [selected, random, hardest, selectedPrediction, randomPrediction, hardestPrediction, Double(images)])
    var all = self
    (all.selected, all.random, all.hardest) = (sums[0], sums[1], sums[2])
    (all.selectedPrediction, all.randomPrediction, all.hardestPrediction) = (sums[3], sums[4], sums[5])
    all.images = Int(sums[6])
    return all
  }

  /// Adds what another comparison found.
  public static func += (sum: inout CapturedHardness, other: CapturedHardness) {
    sum.selected += other.selected
    sum.random += other.random
    sum.hardest += other.hardest
    sum.selectedPrediction += other.selectedPrediction
    sum.randomPrediction += other.randomPrediction
    sum.hardestPrediction += other.hardestPrediction
    sum.images += other.images
  }

  fileprivate mutating func add(
    selected: (Double, Double), random: (Double, Double), hardest: (Double, Double)
  ) {
    self.selected += selected.0
    self.random += random.0
    self.hardest += hardest.0
    selectedPrediction += selected.1
    randomPrediction += random.1
    hardestPrediction += hardest.1
    images += 1
  }
}

/// Exact losses of a batch's choices, to hold selections against and to teach a hardness model.
struct HardnessAudit {
  private let space: CandidateSpace
  private let scores: ViewScores
  private let geometry: ChoiceGeometry
  /// The choices that random ones are represented by.
  private let choices: [[Int]]
  /// `[image][choice]`.
  private let losses: [[Double]]
  private let quantities: [[[Double]]]
  /// The exact hardest choice and its loss, image by image.
  private let hardest: [(slots: [Int], loss: Double)]

  /// - Parameters:
  ///   - scores: Exact losses in `space`.
  ///   - space: All views that were drawn.
  ///   - reference: The choices that exact selection would have, among the first views of every group.
  ///   - parameters: What was drawn, `[view][image]`.
  init(
    _ scores: ViewScores, in space: CandidateSpace, reference: CandidateSpace, parameters: [[ViewParameters]],
    draw: BatchDraw
  ) {
    self.space = space
    self.scores = scores
    geometry = ChoiceGeometry(parameters, in: space)
    let offsets = zip(space.ranges, reference.ranges).map { $0.lowerBound - $1.lowerBound }
    let group = reference.poolSizes.enumerated().flatMap { Array(repeating: $0, count: $1) }
    func translated(_ choice: [Int]) -> [Int] { choice.map { $0 + offsets[group[$0]] } }

    var random = draw.random(ofBatchFor: .audit)
    let references =
      reference.count <= CandidateSpace.recordedLimit
      ? reference.candidates : (0..<CandidateSpace.recordedLimit).map { _ in reference.randomChoice(using: &random) }
    choices = references.map(translated)
    let images = parameters[0].count
    let listed = scores.scores(of: choices, in: space).scalars(as: Double.self)
    let choices = self.choices
    losses = (0..<images).map { image in choices.indices.map { listed[$0 * images + image] } }
    let geometry = self.geometry
    quantities = (0..<images).map { image in choices.map { geometry.quantities(of: $0, image: image) } }
    if reference.count <= CandidateSpace.recordedLimit {
      hardest = losses.map { losses in
        let best = losses.indices.max { losses[$0] < losses[$1] }!
        return (choices[best], losses[best])
      }
    } else {
      let slots = scores.hardest(in: space).transposed().rows(as: Int.self)
      let values = scores.scores(at: slots, in: space)
      hardest = zip(slots, values).map { ($0, $1) }
    }
  }

  /// Lets a model learn from the losses.
  func teach(_ model: HardnessModel) { model.observe(quantities, losses: losses) }

  /// Compares a selection with the exact one.
  /// - Parameter slots: For each image the chosen views, as numbers in the space.
  func captured(by slots: [[Int]], model: HardnessModel) -> CapturedHardness {
    var captured = CapturedHardness()
    let selected = scores.scores(at: slots, in: space)
    for image in losses.indices {
      let count = Double(choices.count)
      captured.add(
        selected: (selected[image], model.predict(geometry.quantities(of: slots[image], image: image))),
        random: (
          losses[image].reduce(0, +) / count, quantities[image].reduce(0) { $0 + model.predict($1) } / count
        ),
        hardest: (
          hardest[image].loss, model.predict(geometry.quantities(of: hardest[image].slots, image: image))
        ))
    }
    return captured
  }
}
