import ArgumentParser
import PixelEvaluation
import RepresentationEvaluation
import RunEvaluation
import RunRecords
import Views

/// `hardviews evaluate finetune`.
struct EvaluateFineTuneCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: FineTuning.name, abstract: "A copy of the encoder is trained on labelled images, all of it.",
    discussion: "AdamW, rates that fall from layer to layer, warm-up and cosine, mixup, CutMix and label smoothing.")

  @OptionGroup var options: EvaluateOptions

  @Option(help: "Passes over the training images.")
  var epochs = FineTuning().epochs

  @Option(help: "Epochs over which the rate rises; by default a tenth.")
  var warmupEpochs: Double?

  @Option(help: "Images a step.")
  var batchSize = FineTuning().batchSize

  @Option(
    name: .customLong("rates"),
    help: "Learning rates for a batch of 256; several are tried on held-out training images, one is taken as it is.",
    transform: parseRates)
  var learningRates = FineTuning().learningRates

  @Option(help: "By how much the rate falls from a layer to the one before it; 1 for one rate.")
  var layerDecay = FineTuning().layerDecay

  @Option(help: "The pull of matrices towards zero.")
  var weightDecay = FineTuning().weightDecay

  @Option(help: "The α of mixup; 0 for none.")
  var mixup = FineTuning().mixup

  @Option(name: .customLong("cutmix"), help: "The α of CutMix; 0 for none.")
  var cutMix = FineTuning().cutMix

  @Option(help: "The share of each target that is spread over all classes.")
  var labelSmoothing = FineTuning().labelSmoothing

  @Option(help: "The smallest area of a random crop, in shares of the image.")
  var minimumCrop = FineTuning().cropScale[0]

  @Option(help: "The probability that a crop is mirrored.")
  var flip = FineTuning().flipProbability

  @Option(help: "How many RandAugment operations are applied to a crop.")
  var randAugment = FineTuning().randAugment.operations

  @Option(help: "Their magnitude, from 0 to 30.")
  var magnitude = FineTuning().randAugment.magnitude

  @Option(help: "How many images of each class are learned from; 0 for all.")
  var perClass = FineTuning().imagesPerClass

  @Option(help: "The share of the training images that choose rate and epoch.")
  var heldOutShare = FineTuning().heldOutShare

  @Flag(help: "Draw the encoder's weights anew: what the same training reaches from scratch.")
  var fromScratch = false

  @Option(help: "Decides the classifier's weights, order, crops, mixtures, and which images are taken and held out.")
  var trainingSeed: UInt64 = 0

  func run() throws {
    var chosen = FineTuning()
    chosen.epochs = epochs
    chosen.warmupEpochs = warmupEpochs ?? Double(epochs) / 10
    chosen.batchSize = batchSize
    chosen.learningRates = learningRates
    chosen.layerDecay = layerDecay
    chosen.weightDecay = weightDecay
    chosen.mixup = mixup
    chosen.cutMix = cutMix
    chosen.labelSmoothing = labelSmoothing
    chosen.cropScale = [minimumCrop, 1]
    chosen.flipProbability = flip
    chosen.randAugment.operations = randAugment
    chosen.randAugment.magnitude = magnitude
    chosen.imagesPerClass = perClass
    chosen.heldOutShare = heldOutShare
    chosen.fromScratch = fromScratch
    chosen.seed = trainingSeed
    try options.run { _ in
      chosen
    } tables: { result in
      if !result.heldOut.isEmpty, result.heldOutImages < 100 {
        remark("Only \(result.heldOutImages) images were held out to choose the learning rate; it may be another.")
      }
      remark("\(result.trainingImages) images were learned from, in \(result.steps) steps.")
      return (result.heldOut.isEmpty ? [] : [Self.sweep(result)]) + [Self.table(result, epochs: epochs)]
    }
  }

  private static func sweep(_ result: FineTuning.Result) -> Table {
    var table = Table(columns: [
      .right("learning rate"), .right("held-out top-1"), .right("best epoch"), .right("its top-1"),
    ])
    for trial in result.heldOut {
      table.addRow([
        "\(trial.learningRate)", percent(trial.top1), "\(trial.bestEpoch)", percent(trial.bestTop1),
      ])
    }
    return table
  }

  private static func table(_ result: FineTuning.Result, epochs: Int) -> Table {
    var table = Table(columns: [
      .left("learning rate \(result.learningRate)"), .right("test top-1"), .right("95 % interval"),
      .right("test top-5"),
    ])
    var rows = [("last epoch (\(epochs))", result.test)]
    if let epoch = result.chosenEpoch, let accuracy = result.testAtChosenEpoch {
      rows.append(("chosen epoch (\(epoch))", accuracy))
    }
    for (name, accuracy) in rows {
      table.addRow([name, percent(accuracy.top1), interval(accuracy.top1Interval), percent(accuracy.top5)])
    }
    return table
  }
}
