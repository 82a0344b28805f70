import Foundation
import HardViewPretraining
import HardViewSelection
import RunConfiguration
import Testing

@testable import Studies

/// Study files: what they name, and what is refused.
@Suite struct StudyFileTests {
  static let text = """
    recipe: simsiam-fashion
    settings: {training: {epochs: 2}}
    data:
      clothes: {path: /somewhere, limit: 100}
    reference: random
    arms:
      untrained: {untrained: true}
      random: {settings: {selection: {policy: none}}}
      hard: {settings: {selection: {policy: hardest}}}
      random-longer: {like: random, as_long_as: hard}
    seeds: 3
    """

  private func study(_ text: String = Self.text, _ changes: [String] = []) throws -> Study {
    var tree = try ConfigurationTree(yaml: text, source: "study")
    for change in changes { try tree.set(change) }
    return try Study(tree)
  }

  private func message(_ changes: String...) -> String {
    do {
      _ = try study(Self.text, changes)
      return "accepted"
    } catch { return "\(error)" }
  }

  @Test func settingsAreLaidOverOneAnother() throws {
    let study = try study()
    #expect(study.seeds == [0, 1, 2] && study.conditions == [Study.Condition(set: "clothes", method: "")])
    #expect(study.protocols.map(\.name) == ["knn", "linear"])
    let others = [
      StudyProtocol(name: "robustness", settings: "{severities: [3], images: 100}"),
      StudyProtocol(name: "finetune", settings: "{epochs: 2}"),
    ]
    #expect(others.map(\.mainMeasure) == ["mean corruption error", "finetune"])
    #expect(throws: ConfigurationError.self) {
      try StudyProtocol(name: "robustness", settings: "{severity: 3}").resolved()
    }
    let hard = study.configuration(of: "hard", in: study.conditions[0]).values
    #expect(hard.training.epochs == 2 && hard.data.path == "/somewhere" && hard.data.limit == 100)
    #expect(hard.selection.policy == .hardest && hard.training.batchSize == 256)
    #expect(study.arm("random-longer")?.twin == "random" && study.arm("random-longer")?.asLongAs == "hard")
    #expect(study.recipe(in: study.conditions[0]) == "simsiam-fashion")
  }

  @Test func everySetMeetsEveryMethod() throws {
    let study = try study(
      Self.text,
      [
        "data.digits={path: /digits, settings: {views: {size: 20}}}",
        "methods={simsiam: , byol: {recipe: byol-fashion}}",
      ])
    #expect(study.conditions.map(\.name) == ["clothes, simsiam", "clothes, byol", "digits, simsiam", "digits, byol"])
    let last = study.configuration(of: "hard", in: study.conditions[3])
    #expect(last.values.method.string(at: "name") == "byol" && last.values.data.path == "/digits")
    #expect(last.views.globalSize == 20 && last.values.selection.policy == .hardest)
    #expect(StudyFolder(at: "x").runs(of: study).count == 4 * 4 * 3)
  }

  @Test func mistakesAreNamed() {
    #expect(message("arms.hard.settings.data.limit=50").contains("data.limit is 50 instead of 100"))
    #expect(message("arms.hard.settings.data.loader_threads=0") == "accepted")
    #expect(message("arms.hard.settings.seed=3").hasPrefix("arms.hard.settings.seed: is the study's"))
    #expect(message("reference=rnadom").contains("Did you mean 'random'?"))
    #expect(message("arms.hard.settings.selection.polizy=none").contains("Did you mean 'policy'?"))
    #expect(message("arms.hard.setings={}").contains("Did you mean 'settings'?"))
    #expect(message("arms.hard.settings.selection.policy=hardst").hasPrefix("arms.hard (clothes), selection"))
    #expect(message("arms.random-longer.as_long_as=easy").contains("Known here: random, hard"))
    #expect(message("arms.random-longer.settings={training: {epochs: 3}}").contains("no arm has the same settings"))
    #expect(message("arms.random-longer.like=none").contains("must be the name of an arm above"))
    #expect(message("protocols=[knn, lineal]").contains("Did you mean 'linear'?"))
    #expect(message("protocols={knn: {neighbors: [3]}}").contains("neighbours"))
    #expect(message("seeds=[1, 1]").hasPrefix("seeds: must be how many"))
    #expect(message("seeds=0").hasPrefix("seeds: must be how many"))
    #expect(message("spread={20-NN: -1}").contains("must be a number above 0"))
    #expect(message("data={my images: {path: x}}").contains("letters, digits"))
    #expect(message("arms={random: }").contains("at least two arms"))
    #expect(message("recipe=''").contains("has no recipe to start from"))
  }

  @Test func aStudyMayGrowAndNothingElse() throws {
    let saved = try ConfigurationTree(yaml: Self.text, source: "study")
    func refused(_ changes: String...) throws -> [String] {
      var present = saved
      for change in changes { try present.set(change) }
      return try StudyChanges.refused(from: saved, to: present)
    }
    #expect(
      try refused(
        "seeds=[4, 0, 1, 2]", "arms.easy={settings: {selection: {policy: easiest}}}", "at_once=3", "summary=other",
        "protocols=[linear, knn]", "data.digits={path: /digits}"
      ).isEmpty)
    #expect(try refused("seeds=2") == ["seeds lacks 2"])
    #expect(try refused("protocols=[knn]") == ["protocols lacks linear with the settings that it had"])
    #expect(try refused("settings.training.epochs=3") == ["settings.training.epochs is 3 and was 2"])
    #expect(
      try refused("arms.hard.settings.optimizer.learning_rate=0.1")
        == ["arms.hard.settings.optimizer.learning_rate is 0.1 and was not set"])
    var lacking = saved
    lacking.set((saved["arms"] ?? .empty).removing("untrained"), at: "arms")
    #expect(try StudyChanges.refused(from: saved, to: lacking) == ["arms.untrained.untrained is not set and was true"])
  }
}
