import HardViews
import HardViewsCommandLine
import MethodConformance

// `OwnParts conformance` checks the method's promises; all else is the whole command line, with five parts more.
if CommandLine.arguments.dropFirst().first == "conformance" {
  try MethodConformance.check(QueueContrast.self)
} else {
  HardViewsProgram.main(
    components: .standard.adding(QueueContrast.self).adding(RankedChoice.self).adding(Posterize.self)
      .adding(CSVImages.self).adding(Census.self))
}
