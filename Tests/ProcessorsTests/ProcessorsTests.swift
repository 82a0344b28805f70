import Foundation
import Processors
import Testing

@Suite struct ProcessorsTests {
  @Test func masksAreCounted() {
    func count(_ mask: String) -> Int? { allowedProcessors(inStatus: "Name:\tx\nCpus_allowed:\t\(mask)\nMems:\tf\n") }
    #expect(count("3") == 2)
    #expect(count("ff,ffffffff") == 40)
    #expect(count("00000000,00000100") == 1)
    #expect(count("0") == nil)
    #expect(allowedProcessors(inStatus: "Name:\tx\n") == nil)
  }

  @Test func processorsThatAreTakenAwayDoNotCount() throws {
    let count = ProcessInfo.processInfo.usableProcessorCount
    #expect(count >= 1 && count <= ProcessInfo.processInfo.activeProcessorCount)
    let process = Process()
    process.executableURL = URL(filePath: "/usr/bin/taskset")
    let own = try String(contentsOfFile: "/proc/thread-self/status", encoding: .utf8).split(separator: "\n")
    let list = try #require(own.first { $0.hasPrefix("Cpus_allowed_list:") })
    let first = list.drop { !$0.isNumber }.prefix { $0.isNumber }
    process.arguments = ["--cpu-list", String(first), "cat", "/proc/thread-self/status"]
    let output = Pipe()
    process.standardOutput = output
    try process.run()
    let status = String(decoding: try output.fileHandleForReading.readToEnd() ?? Data(), as: UTF8.self)
    process.waitUntilExit()
    #expect(allowedProcessors(inStatus: status) == 1)
  }

  @Test func processorTimeCountsWork() {
    let start = ProcessInfo.processInfo.processorSeconds
    var sum = 0.0
    for index in 0..<2_000_000 { sum += Double(index).squareRoot() }
    #expect(sum > 0)
    #expect(ProcessInfo.processInfo.processorSeconds > start)
  }
}
