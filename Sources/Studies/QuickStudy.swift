import Foundation
import HardViewPretraining
import HardViewSelection
import ImageData
import RunConfiguration
import RunRecords
import Views

/// A study of a folder of images without a study file: what random and hard views make of them in a given time.
///
/// Its arms are an untrained encoder, random views, hard views, all of the views (FastSiam), and random views for as long
/// as hard views take. The recipe is SimSiam for small images of as many channels as these have.
public struct QuickStudy: Sendable {
  /// The study.
  public let study: Study
  /// What a step takes and what is planned, a sentence each.
  public let remarks: [String]

  /// Looks at the images, times a few steps, and plans.
  ///
  /// - Parameters:
  ///   - data: The images, as `hardviews pretrain` takes them.
  ///   - labelled: Labelled images that encoders are measured on; nil takes `data`.
  ///   - budget: Seconds for everything.
  ///   - device: Where networks are trained.
  ///   - components: What data may be.
  /// - Throws: `QuickStudyError` where accuracy cannot be measured; errors of the data.
  public init(
    data: String, labelled: String? = nil, budget: Double, device: DeviceChoice = .cpu,
    components: Components = .standard
  ) throws {
    try self.init(
      data: data, labelled: labelled, budget: budget, device: device, components: components, warmUpSteps: 2, rounds: 5)
  }

  /// - Parameters:
  ///   - warmUpSteps: Steps of each kind that are not timed.
  ///   - rounds: Steps of each kind that are.
  init(
    data: String, labelled: String? = nil, budget: Double, device: DeviceChoice = .cpu,
    components: Components = .standard, warmUpSteps: Int, rounds: Int
  ) throws {
    let dataset = try Self.open(data, components)
    try Self.checkLabels(of: try labelled.map { try Self.open($0, components) } ?? dataset, at: labelled ?? data)
    let channels = try Self.channels(of: dataset)
    let recipe = Self.recipe(channels: channels)
    var settings = ConfigurationTree.empty
    settings.set(.string(device.rawValue), at: "device")
    if channels != 1, channels != 3 {
      settings.set(.integer(channels), at: "backbone.channels")
    }
    let batchSize = min(256, max(dataset.count / 4, 2))
    if batchSize < 256 { settings.set(.integer(batchSize), at: "training.batch_size") }
    let timing = try Self.timing(
      of: settings, recipe: recipe, data: data, dataset: dataset, components,
      batchSize: batchSize, warmUpSteps, rounds)
    let plan = Plan(
      budget: budget, imageCount: dataset.count, secondsPerImage: timing.random + 2 * timing.hard + timing.all,
      leastImages: 4 * batchSize, mostEpochs: try Self.epochs(of: recipe))
    guard plan.seconds <= 1.5 * budget else {
      throw QuickStudyError(path: data, problem: .tooLittleTime(budget, needed: plan.seconds))
    }
    settings.set(.integer(plan.epochs), at: "training.epochs")
    study = try Study(
      Self.tree(recipe: recipe, settings: settings, plan: plan, data: data, labelled: labelled), components: components)
    func milliseconds(_ seconds: Double) -> String { String(format: "%.0f ms", seconds * 1000 * Double(batchSize)) }
    remarks = [
      dataset.summary,
      "A step of \(batchSize) images takes \(milliseconds(timing.random)) on random views, "
        + "\(milliseconds(timing.hard)) on hard views and \(milliseconds(timing.all)) on all four views.",
      "In \(describeDuration(seconds: budget)) that is \(quantity(plan.pairs, "pair")) of "
        + "\(quantity(plan.epochs, "epoch")) on "
        + (plan.limit == 0 ? "all \(dataset.count) images" : "\(plan.limit) of \(dataset.count) images")
        + ", by the recipe \(recipe).",
    ]
  }

  // MARK: - The images

  private static func open(_ path: String, _ components: Components) throws -> any ImageDataset {
    var data = DataConfiguration()
    data.path = path
    return try Pretraining.open(data, split: .train, components: components)
  }

  private static func checkLabels(of dataset: any ImageDataset, at path: String) throws(QuickStudyError) {
    guard let labels = dataset.labels else { throw QuickStudyError(path: path, problem: .noLabels) }
    guard Set(labels).count > 1 else { throw QuickStudyError(path: path, problem: .oneClass) }
  }

  /// The channels of the first image that can be read.
  private static func channels(of dataset: any ImageDataset) throws -> Int {
    var failure: ImageError?
    for index in 0..<min(dataset.count, 20) {
      do {
        return try dataset.image(at: index).channels
      } catch { failure = error }
    }
    if let failure { throw failure }
    return 3
  }

  static func recipe(channels: Int) -> String {
    switch channels {
    case 1: "simsiam-gray-small"
    case 3: "simsiam-small"
    default: "simsiam-multichannel-small"
    }
  }

  private static func epochs(of recipe: String) throws -> Int {
    try ResolvedConfiguration(Recipes.named(recipe)).values.training.epochs
  }

  // MARK: - Timing

  /// Images of a timed step at most: an image takes about as long in a larger one.
  private static let timedBatchSize = 64

  /// Seconds of training for an image.
  private struct Timing {
    var random: Double
    var hard: Double
    var all: Double
  }

  /// Takes steps of each kind in turns, so that a machine that is busy for a while slows down all of them.
  private static func timing(
    of settings: ConfigurationTree, recipe: String, data: String, dataset: any ImageDataset, _ components: Components,
    batchSize: Int, _ warmUpSteps: Int, _ rounds: Int
  ) throws -> Timing {
    var layers = try SettingLayers(recipe: recipe)
    layers.change {
      $0 = $0.merging(settings)
      $0.set(.string(data), at: "data.path")
      $0.set(.integer(min(batchSize, Self.timedBatchSize)), at: "training.batch_size")
    }
    let configuration = try ResolvedConfiguration(layers.settings, components: components)
    let timer = try StepTimers.make(configuration, dataset: dataset)
    var all = SelectionConfiguration()
    all.policy = .all
    let kinds = [("random", SelectionConfiguration.plain), ("hard", SelectionConfiguration()), ("all", all)]
    var seconds: [String: [Double]] = [:]
    for (name, selection) in kinds {
      try timer.add(selection, named: name)
      // The first steps allocate.
      for _ in 0..<warmUpSteps { _ = try timer.wholeStep(name) }
    }
    for _ in 0..<rounds {
      for (name, _) in kinds { seconds[name, default: []].append(try timer.wholeStep(name)) }
    }
    func median(_ name: String) -> Double {
      seconds[name]!.sorted()[rounds / 2] / Double(configuration.values.training.batchSize)
    }
    return Timing(random: median("random"), hard: median("hard"), all: median("all"))
  }

  // MARK: - The study

  private static func tree(
    recipe: String, settings: ConfigurationTree, plan: Plan, data: String, labelled: String?
  ) throws -> ConfigurationTree {
    var tree = try ConfigurationTree(
      yaml: """
        summary: Random views, hard views and all of the views
        recipe: \(recipe)
        reference: random
        arms:
          untrained: {untrained: true}
          random: {settings: {selection: {policy: none}}}
          hard: {settings: {selection: {policy: hardest, candidates: 4}}}
          all: {settings: {selection: {policy: all, candidates: 4}, method: {targets: mean}}}
          random-longer: {like: random, as_long_as: hard}
        seeds: \(plan.pairs)
        protocols: {knn: {neighbours: [20]}, linear: {epochs: 30}}
        """, source: "the quick study")
    tree.set(settings, at: "settings")
    tree.set(.string(data), at: "data.images.path")
    if plan.limit > 0 { tree.set(.integer(plan.limit), at: "data.images.limit") }
    if let labelled { tree.set(.string(labelled), at: "data.images.labelled") }
    return tree
  }

  /// How a time is shared out: pairs first, since fewer than six decide nothing; then epochs, then images.
  struct Plan: Equatable {
    /// Paired seeds.
    var pairs: Int
    /// Epochs of each run.
    var epochs: Int
    /// Images that are trained on; 0 for all.
    var limit = 0
    /// The seconds that it takes, measuring included.
    var seconds = 0.0

    /// The share of the time that is left for training when everything is measured.
    private static let trainingShare = 0.8
    private static let wantedPairs = 6
    private static let mostPairs = 20
    /// Epochs below which fewer images are taken.
    private static let wantedEpochs = 20
    private static let fewestEpochs = 3

    /// - Parameters:
    ///   - budget: Seconds for everything.
    ///   - imageCount: Images that there are.
    ///   - secondsPerImage: Seconds that all arms together train on an image, in an epoch.
    ///   - leastImages: Images that are trained on at least.
    ///   - mostEpochs: Epochs that are enough.
    init(budget: Double, imageCount: Int, secondsPerImage: Double, leastImages: Int, mostEpochs: Int) {
      // Passes over an image by all arms together.
      let passes = budget * Self.trainingShare / secondsPerImage
      let whole = passes / Double(imageCount)
      func pairs(_ epochs: Int, of images: Int) -> Int {
        min(Self.mostPairs, Int(passes / Double(images) / Double(epochs)))
      }
      self.epochs = min(mostEpochs, Int(whole / Double(Self.wantedPairs)))
      self.pairs = Self.wantedPairs
      if epochs == mostEpochs {
        self.pairs = max(Self.wantedPairs, pairs(mostEpochs, of: imageCount))
      } else if epochs < Self.wantedEpochs {
        let images = Int(passes) / (Self.wantedPairs * Self.wantedEpochs)
        limit = min(imageCount, max(images, leastImages))
        epochs = min(Self.wantedEpochs, Int(passes / Double(limit * Self.wantedPairs)))
        if epochs < Self.fewestEpochs {
          epochs = Self.fewestEpochs
          self.pairs = max(1, pairs(epochs, of: limit))
        }
        if limit == imageCount { limit = 0 }
      }
      let images = limit == 0 ? imageCount : limit
      seconds = Double(self.pairs * epochs * images) * secondsPerImage / Self.trainingShare
    }
  }
}

/// Images without which accuracy means nothing.
public struct QuickStudyError: Error, Equatable, CustomStringConvertible {
  /// What is wrong.
  public enum Problem: Equatable, Sendable {
    /// There are no labels.
    case noLabels
    /// All images are of one class.
    case oneClass
    /// The time does not suffice for a single pair: its seconds, and those of a pair.
    case tooLittleTime(Double, needed: Double)
  }

  /// The images.
  public let path: String
  /// What is wrong with them.
  public let problem: Problem

  /// One paragraph: what is wrong, and what to do.
  public var description: String {
    let what: String
    switch problem {
    case .noLabels: what = "the images have no labels"
    case .oneClass: what = "all images are of one class"
    case .tooLittleTime(let budget, let needed):
      return
        "\(path): one short run of each arm takes about \(describeDuration(seconds: needed)) on this machine, more "
        + "than the \(describeDuration(seconds: budget)) given. Raise --budget; six pairs take six times as long."
    }
    return "\(path): \(what), and encoders are compared by how well classes can be told apart. Put the images of each "
      + "class into a folder of their own, or name labelled images of a similar kind with --labelled FOLDER; these are "
      + "measured on only. `hardviews pretrain` trains without any labels."
  }
}
