import Foundation
import HardViewSelection
import ImageData
import NeuralNetworks
import Objectives
import Optimization
import Processors
import RunConfiguration
import Torch
import ViewRecords
import Views

/// Everything that decides a pretraining run: what a YAML file lays over these defaults.
///
/// The defaults are SimSiam on ImageNet with the hardest of four views, as published. No property is optional: the
/// encoded defaults are the schema that unknown keys and wrong types are found by. Sizes that follow others are 0 until
/// the configuration is resolved.
public struct PretrainingConfiguration: Codable, Sendable {
  /// One line for lists.
  public var summary = ""
  /// Decides initial weights, the order of images, and every view.
  public var seed = 0
  /// Where networks are trained.
  public var device = DeviceChoice.cpu
  /// The precision of convolutions and matrix products.
  public var precision = Precision.auto
  /// Threads of one operator; 0 takes every core.
  public var threads = 0
  /// Which images.
  public var data = DataConfiguration()
  /// How views are drawn: the keys of a `ViewRecipe`, and `groups` where there are several kinds; see `ViewPipeline`.
  public var views = ConfigurationTree.empty
  /// Which network is pretrained.
  public var backbone = BackboneConfiguration()
  /// Which weights it begins with.
  public var initialization = InitializationConfiguration()
  /// Which objective: `name` and the method's own keys.
  public var method = ConfigurationTree.mapping([("name", .string(SimSiam.name))])
  /// Which of the drawn views are trained on.
  public var selection = SelectionConfiguration()
  /// How weights move.
  public var optimizer = OptimizerConfiguration()
  /// How long.
  public var training = TrainingConfiguration()
  /// The reaction to failing training.
  public var safety = SafetyConfiguration()
  /// Observers of one's own by name, each with its settings.
  public var observers = ConfigurationTree.empty
  /// Records and checkpoints.
  public var records = RecordsConfiguration()
  /// How images look when the encoder is evaluated.
  public var evaluation = EvaluationConfiguration()

  /// SimSiam on ImageNet as published, with hard views.
  public init() {}
}

/// Which images; the `data` section.
public struct DataConfiguration: Codable, Sendable, Equatable {
  /// A folder or file; usually given as `--data`.
  public var path = ""
  /// How it is laid out.
  public var format = DatasetFormat.automatic
  /// The number of images to train on, the same ones for every seed, in the proportions of the classes; 0 takes all.
  public var limit = 0
  /// Threads that decode and render, beside those that train; -1 takes one for every core, 0 does both in turn.
  public var loaderThreads = -1
  /// Batches prepared ahead.
  public var prefetchedBatches = 4
  /// Whether images are turned upright as their EXIF orientation says; torchvision's `ImageFolder` leaves them as stored.
  public var appliesOrientation = true
  /// The color that shows through where an image is transparent, such as `#ffffff`; `none` drops alpha, so that the
  /// hidden colors show, as with torchvision's `ImageFolder`.
  public var background = "none"
  /// Which 16-bit values become 0 and 255; instruments often fill fewer bits than 16.
  public var sixteenBitRange = [0, 65535]
  /// Where in the names of a tar shard's files the key of a sample ends.
  public var keyAt = ShardKey.firstDot
  /// Images of more millions of pixels are refused before they are decoded.
  public var megapixelLimit = 178.95697
  /// A JPEG may be decoded at a half, a quarter or an eighth of its resolution where that leaves each of its crops so
  /// many times as wide and high as its view; 0 decodes every image in full.
  public var decodingMargin = 2.0
  /// The memory for decoded images in MiB, filled with the first ones; 0 keeps none.
  public var cacheMegabytes = 0
  /// Images of tar shards among which the next is drawn; other datasets are shuffled as a whole.
  public var shuffleBuffer = 8192
  /// How often images are drawn by how hard an earlier run found them.
  public var weights = ImageWeights()
  /// Stop when more than this share of the images cannot be decoded.
  public var skippedShareLimit = 0.1

  /// All images of a path still to be given.
  public init() {}

  /// How encoded images are read.
  /// - Parameter channels: How many channels are wanted; nil takes them as they are.
  public func decoding(channels: Int?) -> DecodingOptions {
    DecodingOptions(
      pixelLimit: Int(megapixelLimit * 1e6), appliesOrientation: appliesOrientation,
      background: BackgroundColor(background), sixteenBitRange: sixteenBitRange[0]...sixteenBitRange[1],
      channels: channels, shardKey: keyAt)
  }

  /// The first value that decodes no image: its key within the section, and the reason.
  func decodingProblem() -> (key: String, reason: String)? {
    if background != "none", BackgroundColor(background) == nil {
      return (
        "background", "must be none or a color of six hexadecimal digits such as \"#ffffff\", not '\(background)'"
      )
    }
    let range = sixteenBitRange
    guard range.count == 2, range[0] >= 0, range[0] < range[1], range[1] <= 65535 else {
      return ("sixteen_bit_range", "must be two values from 0 to 65535, the smaller first, not \(range)")
    }
    return nil
  }

  /// How many threads decode and render on this machine.
  public var loaderThreadCount: Int { loaderThreads < 0 ? ProcessInfo.processInfo.usableProcessorCount : loaderThreads }
}

/// Which weights training begins with; the `initialization` section.
public struct InitializationConfiguration: Codable, Sendable, Equatable {
  /// A run folder, or a safetensors file of a checkpoint or an encoder; usually given as `--init`.
  ///
  /// Read when a run begins, never when it goes on from a checkpoint. Empty for random weights.
  public var path = ""

  /// Random weights.
  public init() {}
}

/// How long; the `training` section.
public struct TrainingConfiguration: Codable, Sendable, Equatable {
  /// What schedules do when a run is resumed with more epochs.
  public enum Extension: String, Codable, Sendable, CaseIterable {
    /// They run as if training had been that long from the beginning, so the learning rate jumps up.
    case stretch
    /// They end where they were to end and begin anew, the learning rate behind a warm-up of
    /// `optimizer.restart_warmup_epochs`.
    case restart
  }

  /// Passes over the images.
  public var epochs = 100
  /// Images a step.
  public var batchSize = 512
  /// Epochs at the beginning in which heads alone train, so that gradients of random heads do not destroy an encoder
  /// that was trained before.
  public var frozenEncoderEpochs = 0
  /// Equal parts in which a batch goes through the networks, one after the other, to take less memory.
  public var accumulation = 1
  /// Whether batch normalization takes the statistics of all workers' parts of a batch, and not of each worker's own.
  public var sharesBatchStatistics = true
  /// Memory that training may take, such as 8GB or 500MiB; at the start it raises `accumulation` as far as that needs.
  public var memoryLimit = ""
  /// Training ends after so many epochs without a better online signal; 0 for never.
  public var patience = 0
  /// What schedules do when a run is resumed with more epochs.
  public var whenExtended = Extension.stretch
  /// Epochs at which schedules restart, ascending; `when_extended: restart` adds to them.
  public var restarts: [Int] = []

  /// The published length for ImageNet.
  public init() {}
}

/// The reaction to failing training; the `safety` section.
public struct SafetyConfiguration: Codable, Sendable, Equatable {
  /// The reaction to a problem.
  public enum Action: String, Codable, Sendable, CaseIterable {
    /// Training ends with an error; the last checkpoint stays as it is.
    case stop
    /// Training goes on and a warning says what to try.
    case warn
    /// Training goes on.
    case ignore
    /// Training goes on with half the share of hard views (`selection.share`); the others are random.
    case lowerShare = "lower_share"
    /// Training goes back to an earlier checkpoint, and on from there with half the share of hard views; stops after three
    /// times, or where there are no hard views.
    case goBack = "go_back"
  }

  /// When the loss is NaN or infinite: all but `stop` leave the step out, and all but `go_back` stop after ten in a row.
  public var nonFiniteLoss = Action.stop
  /// When the embedding collapses.
  public var collapse = Action.warn
  /// When hard views seem to be too hard: findings `partial_collapse` and `distant_views`.
  public var tooHard = Action.warn
  /// The embedding counts as collapsed when its standard deviation times √width, 1 when spread evenly, is below this.
  public var deviationFloor = 0.1
  /// The embedding counts as collapsed when its effective rank (the exponential of the entropy of its normalized
  /// singular values; RankMe, arXiv 2210.02885) is below this.
  public var rankFloor = 2.0
  /// Epochs at the beginning during which nothing counts as collapse.
  public var graceEpochs = 1

  /// Stops when the loss is NaN or infinite, warns of collapse.
  public init() {}
}

/// Records and checkpoints; the `records` section.
public struct RecordsConfiguration: Codable, Sendable, Equatable {
  /// Steps that one line of `metrics.jsonl` averages over.
  public var metricsEverySteps = 50
  /// The number of images whose views are recorded, a random sample that depends on `seed`; 0 records none.
  public var viewsOfImages = 16
  /// How views are recorded.
  public var viewsFormat = ViewsFormat.jsonl
  /// Whether metrics and pictures of chosen views are written for TensorBoard, too, into the folder `tensorboard`.
  public var tensorboard = false
  /// When the state of training is saved, and what is kept.
  public var checkpoints = CheckpointConfiguration()

  /// A line every 50 steps, a checkpoint every epoch.
  public init() {}
}

/// When the state of training is saved, and what is kept; the `records.checkpoints` section.
public struct CheckpointConfiguration: Codable, Sendable, Equatable {
  /// Epochs between checkpoints; the last epoch always writes one.
  public var everyEpochs = 1
  /// Minutes after which a checkpoint is written whatever the epoch; 0 for none.
  public var everyMinutes = 0.0
  /// How many of the newest are kept.
  public var keep = 2
  /// Checkpoints at the ends of epochs that this number divides are kept for good; 0 for none.
  public var keepEveryEpochs = 0
  /// Whether the one with the best online signal is kept, and written as soon as there is one.
  public var keepBest = true

  /// One every epoch, the last two and the best kept.
  public init() {}

  /// The first value out of range: its key within the section, and the reason.
  func problem() -> (key: String, reason: String)? {
    if everyEpochs < 1 { return ("every_epochs", "must be at least 1, not \(everyEpochs)") }
    if !(everyMinutes >= 0) { return ("every_minutes", "must be 0 (never) or more, not \(everyMinutes)") }
    if keep < 1 { return ("keep", "must be at least 1, not \(keep)") }
    if keepEveryEpochs < 0 { return ("keep_every_epochs", "must be 0 (none) or more, not \(keepEveryEpochs)") }
    return nil
  }
}

/// How images look when the encoder is evaluated; the `evaluation` section.
public struct EvaluationConfiguration: Codable, Sendable, Equatable {
  /// Pixels that the shorter side is resized to; 0 takes `resizeRatio` times `crop`.
  public var resize = 0
  /// Side of the square cut from the center, in pixels; 0 takes the size of the global views.
  public var crop = 0
  /// How many times as long as the crop the shorter side is where `resize` leaves it open.
  public var resizeRatio = 256.0 / 224
  /// How good the encoder is while it trains.
  public var online = OnlineConfiguration()

  /// As large as the global views, and resized as published for ImageNet: to 256 px for 224.
  public init() {}

  /// The same with the sides that are left open.
  /// - Parameter viewSize: The side of the largest global view in pixels.
  /// - Throws: `ConfigurationError` where a value makes no sense.
  func following(viewSize: Int) throws(ConfigurationError) -> EvaluationConfiguration {
    for (key, side) in [("resize", resize), ("crop", crop)] where !(0...32_768).contains(side) {
      throw ConfigurationError(
        path: "evaluation.\(key)", problem: .invalid("must be from 0 (follows the views) to 32768, not \(side)"))
    }
    guard (1...100).contains(resizeRatio) else {
      throw ConfigurationError(
        path: "evaluation.resize_ratio", problem: .invalid("must be between 1 and 100, not \(resizeRatio)"))
    }
    var sizes = self
    if crop == 0 { sizes.crop = viewSize }
    if resize == 0 { sizes.resize = Int((Double(sizes.crop) * resizeRatio).rounded()) }
    return sizes
  }
}
