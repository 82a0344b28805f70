import Foundation
import PackagePlugin

/// Compiles recipes and view pipelines into the library, so that the program runs wherever its file is moved.
@main struct EmbedFiles: BuildToolPlugin {
  func createBuildCommands(context: PluginContext, target: any Target) throws -> [Command] {
    let folders = ["Recipes", "ViewPipelines"].map { target.directoryURL.appending(path: $0) }
    let files = try folders.flatMap {
      try FileManager.default.contentsOfDirectory(at: $0, includingPropertiesForKeys: nil)
    }
    let output = context.pluginWorkDirectoryURL.appending(path: "EmbeddedFiles.swift")
    return [
      .buildCommand(
        displayName: "Embedding recipes", executable: try context.tool(named: "embed-files").url,
        arguments: [output.path] + folders.map(\.path), inputFiles: files, outputFiles: [output])
    ]
  }
}
