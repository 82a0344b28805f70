import ArgumentParser

/// `hardviews evaluate`: a subcommand, in a file of its own, for each protocol.
struct EvaluateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "evaluate", abstract: "Measure an encoder on labelled images.",
    discussion: "Every result has a 95 % interval over test images, and is written as JSON into the evaluation folder.",
    subcommands: [
      EvaluateKNNCommand.self, EvaluateRetrievalCommand.self, EvaluateFewLabelsCommand.self, EvaluateLinearCommand.self,
      EvaluateRobustnessCommand.self, EvaluateInvarianceCommand.self, EvaluateFineTuneCommand.self,
      EvaluateOutliersCommand.self,
      EvaluateAllCommand.self,
    ])
}
