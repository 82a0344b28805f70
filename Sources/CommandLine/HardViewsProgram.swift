import ArgumentParser
import Foundation
import HardViewPretraining
import RunConfiguration

/// The program: the whole command line, with the components that a `main.swift` gives it.
public enum HardViewsProgram {
  /// The version of the program.
  public static let version = "0.1.0"

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
    version: HardViewsProgram.version,
    subcommands: [
      DemoCommand.self, PlanCommand.self, PretrainCommand.self, BenchCommand.self, EvaluateCommand.self,
      CompareCommand.self, ReportCommand.self, RecordsCommand.self, EmbedCommand.self, NeighboursCommand.self,
      ExportCommand.self, ViewsCommand.self, PackCommand.self,
      RecipesCommand.self, MethodsCommand.self, PoliciesCommand.self, ComponentsCommand.self,
    ])

  static func main() {
    if let mistake = unknownCommand(in: Array(CommandLine.arguments.dropFirst())) {
      FileHandle.standardError.write(Data("Error: \(mistake)\n".utf8))
      Foundation.exit(2)
    }
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

  /// A sentence about the word that stands where a command must, and is none; nil where there is no such word.
  private static func unknownCommand(in arguments: [String]) -> String? {
    func name(_ command: any ParsableCommand.Type) -> String {
      command.configuration.commandName ?? "\(command)".lowercased()
    }
    var command: any ParsableCommand.Type = Self.self
    var path = "hardviews"
    for word in arguments {
      let commands = command.configuration.subcommands
      if commands.isEmpty || word.hasPrefix("-") || word == "help" { return nil }
      guard let next = commands.first(where: { name($0) == word }) else {
        let known = commands.map(name)
        let suggestion = nearestName(to: word, among: known).map { " Did you mean '\($0)'?" } ?? ""
        return "'\(word)' is no command of `\(path)`.\(suggestion) Commands: \(known.joined(separator: ", "))."
      }
      command = next
      path += " \(word)"
    }
    return nil
  }

  private static func fail(with error: any Error) -> Never {
    if let code = error as? ExitCode { Foundation.exit(code.rawValue) }
    if exitCode(for: error) == .success { exit(withError: error) }
    complain(of: error)
    Foundation.exit(1)
  }
}

/// Writes to standard error what went wrong.
func complain(of error: any Error) {
  FileHandle.standardError.write(Data("error: \(error)\n".utf8))
}

/// Writes a line to standard error, for remarks that are not results.
func remark(_ text: String) {
  guard WorkerProcess.speaks else { return }
  FileHandle.standardError.write(Data((text + "\n").utf8))
}
