import ArgumentParser
import Foundation

/// The command line.
@main
struct HardViewsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "hardviews",
    abstract: "Pretrain image encoders without labels, on the hardest of several views of each image.",
    subcommands: [
      DemoCommand.self, PlanCommand.self, PretrainCommand.self, BenchCommand.self, EvaluateCommand.self,
      ViewsCommand.self, PackCommand.self,
      RecipesCommand.self, MethodsCommand.self, SelectorsCommand.self,
    ])

  /// Runs a command; failures become one paragraph on standard error and exit code 1, misuse exit code 2.
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
