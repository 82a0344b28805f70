import ArgumentParser
import Foundation
import HardViewPretraining
import RunConfiguration
import RunRecords

/// `hardviews recipes`.
struct RecipesCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "recipes", abstract: "List the recipes that come along, or show one in full.",
    subcommands: [List.self, Show.self], defaultSubcommand: List.self)

  struct List: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "List the recipes, one line each.")

    func run() throws {
      var table = Table(columns: [.left(""), .left("")])
      for name in Recipes.names {
        table.addRow([name, try ResolvedConfiguration(Recipes.named(name)).values.summary])
      }
      print(table.text)
      var pipelines = Table(columns: [.left("view pipeline"), .left("")])
      for name in ViewPipeline.names { pipelines.addRow([name, try ViewPipeline.named(name).summary]) }
      print("\n" + pipelines.text)
    }
  }

  struct Show: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Print a recipe's full YAML, every default written out.",
      discussion: "Save it, change it, and train with `hardviews pretrain FILE.yaml`.")

    @Argument(help: "A name from `hardviews recipes`.")
    var name: String

    func run() throws {
      let isPipeline = ViewPipeline.names.contains(name) && !Recipes.names.contains(name)
      let tree = isPipeline ? try ViewPipeline.named(name).tree : try recipe()
      print(tree.yaml, terminator: "")
    }

    /// The recipe, complete but for the sizes that follow others, so that they still do when the others are changed.
    private func recipe() throws -> ConfigurationTree {
      let settings = try Recipes.named(name)
      var tree = try ResolvedConfiguration(settings).tree
      for key in ["evaluation.resize", "evaluation.crop", "backbone.image_size"] {
        tree.set(settings[key] ?? .integer(0), at: key)
      }
      return tree
    }
  }
}
