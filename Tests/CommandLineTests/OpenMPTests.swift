import Foundation
import Testing

/// What libgomp, which libtorch brings, was told when the built program loaded it.
@Suite struct OpenMPTests {
  /// Runs the program with nothing else in its environment; libgomp prints its settings.
  private func spinCount(_ environment: [String: String]) throws -> String? {
    let process = Process()
    process.executableURL = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath()
      .deletingLastPathComponent().appending(path: "hardviews")
    process.arguments = ["methods", "--json"]
    process.environment = environment.merging(["OMP_DISPLAY_ENV": "VERBOSE"]) { $1 }
    let (output, error) = (Pipe(), Pipe())
    process.standardOutput = output
    process.standardError = error
    try process.run()
    let written = output.fileHandleForReading.readDataToEndOfFile()
    let settings = String(decoding: error.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    #expect(process.terminationStatus == 0)
    // The arguments arrive, and the command runs once.
    #expect(try JSONSerialization.jsonObject(with: written) is [[String: Any]])
    return settings.firstMatch(of: /GOMP_SPINCOUNT = '(\d+)'/).map { String($0.output.1) }
  }

  @Test func threadsSpinBriefly() throws {
    #expect(try spinCount([:]) == "20000")
  }

  @Test(arguments: [
    (["GOMP_SPINCOUNT": "77"], "77"), (["OMP_WAIT_POLICY": "PASSIVE"], "0"),
    (["OMP_WAIT_POLICY": "ACTIVE"], "30000000000"),
  ])
  func theEnvironmentTakesPrecedence(_ environment: [String: String], expected: String) throws {
    #expect(try spinCount(environment) == expected)
  }
}
