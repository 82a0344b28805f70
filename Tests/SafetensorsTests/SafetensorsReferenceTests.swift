import Foundation
import Safetensors
import TestSupport
import Testing

/// A file that the safetensors package wrote.
@Suite struct SafetensorsReferenceTests {
  let file: SafetensorsFile

  init() throws {
    file = try SafetensorsFile(path: Fixtures.path("safetensors/types.safetensors"))
  }

  @Test func hasNamesShapesAndMetadata() throws {
    #expect(
      Set(file.names) == [
        "bool", "uint8", "int8", "int16", "int32", "int64", "float16", "bfloat16", "float32", "float64", "scalar",
        "empty", "a \"quoted\" näme\\\n",
      ])
    #expect(file.metadata == ["format": "pt", "note": "naïve “text”\twith a tab"])
    #expect(try file.shape(of: "float32") == [2, 3])
    #expect(try file.shape(of: "scalar") == [])
    #expect(try file.shape(of: "empty") == [0, 3])
    #expect(try file.entry(named: "bfloat16").type == .bfloat16)
  }

  @Test func hasIntegers() throws {
    #expect(try file.integers("bool") == [1, 0, 1])
    #expect(try file.integers("uint8") == [0, 1, 255])
    for name in ["int8", "int16", "int32"] { #expect(try file.integers(name) == [0, 1, -2, 100]) }
    #expect(try file.integers("int64") == [0, 1, -2, 100, 1 << 62])
    #expect(try file.integers("a \"quoted\" näme\\\n") == [7])
    #expect(try file.floats("uint8") == [0, 1, 255])
  }

  @Test func hasFloats() throws {
    for name in ["float16", "float64"] { #expect(try file.floats(name) == [0, 1, -2.5, 0.333251953125]) }
    #expect(try file.floats("bfloat16") == [0, 1, -2.5, 3.140625])
    #expect(try file.floats("float32") == [0, 1, -2.5, .leastNonzeroMagnitude, 3.4e38, .infinity])
    #expect(try file.floats("scalar") == [42.5])
    #expect(try file.floats("empty") == [])
  }

  @Test func nothingIsLostWhenWrittenAgain() throws {
    try withTemporaryDirectory { folder in
      let path = "\(folder)/copy.safetensors"
      try Safetensors.write(tensors(of: file), metadata: file.metadata, to: path)
      let copy = try SafetensorsFile(path: path)
      #expect(copy.metadata == file.metadata)
      #expect(copy.entries == file.entries)
      for name in file.names {
        #expect(try copy.withBytes(of: name) { Array($0) } == file.withBytes(of: name) { Array($0) })
      }
    }
  }

  @Test func everyTruncationIsAnError() throws {
    let whole = try Data(contentsOf: URL(filePath: file.path))
    try withTemporaryDirectory { folder in
      let path = "\(folder)/part.safetensors"
      for count in stride(from: 0, to: whole.count, by: 5) {
        try whole.prefix(count).write(to: URL(filePath: path))
        #expect(throws: SafetensorsError.self) { try SafetensorsFile(path: path) }
      }
    }
  }

  @Test func noDamageIsACrash() throws {
    let whole = try Data(contentsOf: URL(filePath: file.path))
    var random = LinearCongruentialGenerator(state: 1)
    try withTemporaryDirectory { folder in
      let path = "\(folder)/damaged.safetensors"
      for _ in 0..<200 {
        var bytes = whole
        for _ in 0..<3 { bytes[Int.random(in: 0..<900, using: &random)] = UInt8.random(in: 0...255, using: &random) }
        try bytes.write(to: URL(filePath: path))
        guard let file = try? SafetensorsFile(path: path) else { continue }
        for name in file.names { #expect(throws: Never.self) { try file.floats(name) } }
      }
    }
  }

  private func tensors(of file: SafetensorsFile) -> [SafetensorsTensor] {
    file.entries.map { entry in
      SafetensorsTensor(name: entry.name, type: entry.type, shape: entry.shape) { body in
        try? file.withBytes(of: entry.name, body)
      }
    }
  }
}

/// Numbers that are the same in every run.
private struct LinearCongruentialGenerator: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
    return state.byteSwapped
  }
}
