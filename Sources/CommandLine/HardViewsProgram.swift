import ArgumentParser
import Foundation
import HardViewPretraining

/// The program: the whole command line, with the components that a `main.swift` gives it.
public enum HardViewsProgram {
  /// What configurations may name, for the commands of this program.
  @TaskLocal static var components = Components.standard

  /// Runs the command that the process was called with; failures become one paragraph on standard error and exit code 1,
  /// misuse exit code 2.
  public static func main(components: Components = .standard) {
    $components.withValue(components) { HardViewsCommand.main() }
  }
}

/// The command line.
struct HardViewsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "hardviews",
    abstract: "Pretrain image encoders without labels, on the hardest of several views of each image.",
    subcommands: [
      DemoCommand.self, PlanCommand.self, PretrainCommand.self, BenchCommand.self, EvaluateCommand.self,
      ViewsCommand.self, PackCommand.self,
      RecipesCommand.self, MethodsCommand.self, PoliciesCommand.self, ComponentsCommand.self,
    ])

  static func main() {
    do {
      var command = try parseAsRoot()
      do {
        try command.run()
      } catch {
        fail(with: error)
      }
    } catch {
      let code = exitCode(for: error)
      let text = fullMessage(for: error)
      guard code != .success else {
        print(text)
        return
      }
      FileHandle.standardError.write(Data((text + "\n").utf8))
      Foundation.exit(2)
    }
  }

  private static func fail(with error: any Error) -> Never {
    if let code = error as? ExitCode { Foundation.exit(code.rawValue) }
    if exitCode(for: error) == .success { exit(withError: error) }
    FileHandle.standardError.write(Data("error: \(error)\n".utf8))
    Foundation.exit(1)
  }
}

/// Writes a line to standard error, for remarks that are not results.
func remark(_ text: String) {
  FileHandle.standardError.write(Data((text + "\n").utf8))
}
