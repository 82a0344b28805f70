// embed-files OUTPUT.swift FOLDER…: writes a Swift enumeration that holds the YAML files of some folders, for each folder
// a dictionary of their texts by name, so that a program needs none of the files.
import Foundation

guard CommandLine.arguments.count > 2 else { fatalError("usage: embed-files OUTPUT.swift FOLDER…") }
var code = "enum EmbeddedFiles {\n"
for folder in CommandLine.arguments.dropFirst(2) {
  let url = URL(filePath: folder)
  let name = url.lastPathComponent
  code += "  static let \(name.prefix(1).lowercased() + name.dropFirst()): [String: String] = [\n"
  let files = try FileManager.default.contentsOfDirectory(atPath: folder)
  for file in files.sorted() where file.hasSuffix(".yaml") {
    let text = try String(contentsOf: url.appending(path: file), encoding: .utf8)
    code += "\(file.dropLast(5).debugDescription): ####\"\"\"\n\(text)\n\"\"\"####,\n"
  }
  code += "  ]\n"
}
try Data((code + "}\n").utf8).write(to: URL(filePath: CommandLine.arguments[1]), options: .atomic)
