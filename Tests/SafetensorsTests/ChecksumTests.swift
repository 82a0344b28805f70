import Foundation
import Safetensors
import TestSupport
import Testing

@Suite struct ChecksumTests {
  private func write(to path: String, isChecksummed: Bool = true) throws {
    let values: [Float] = [1, -2, 3.5]
    let tensors = ["a", "b"].map { name in
      SafetensorsTensor(name: name, type: .float32, shape: [3]) { values.withUnsafeBytes($0) }
    }
    // A value that looks like the checksum itself comes first.
    try Safetensors.write(
      tensors, metadata: ["aa": "\"checksum\":\"crc32:01234567\"", "z": "end"], isChecksummed: isChecksummed, to: path)
  }

  /// CRC-32 bit by bit, over the file with zeros for its digits.
  @Test func itIsTheCRC32OfTheWholeFile() throws {
    try withTemporaryDirectory { folder in
      let path = folder + "/x.safetensors"
      try write(to: path)
      let stored = try #require(SafetensorsFile(path: path).metadata["checksum"])
      let digits = String(stored.dropFirst("crc32:".count))
      var bytes = try Data(contentsOf: URL(filePath: path))
      let place = try #require(bytes.range(of: Data(("\"checksum\":\"crc32:" + digits).utf8)))
      bytes.replaceSubrange(place.upperBound - 8..<place.upperBound, with: Data("00000000".utf8))
      var value: UInt32 = ~0
      for byte in bytes {
        value ^= UInt32(byte)
        for _ in 0..<8 { value = value & 1 == 1 ? value >> 1 ^ 0xEDB8_8320 : value >> 1 }
      }
      #expect(UInt32(digits, radix: 16) == ~value)
    }
  }

  @Test func everyChangedByteIsNoticed() throws {
    try withTemporaryDirectory { folder in
      let path = folder + "/x.safetensors"
      try write(to: path)
      try SafetensorsFile(path: path).verifyChecksum()
      let whole = try Data(contentsOf: URL(filePath: path))
      for position in whole.indices {
        var bytes = whole
        bytes[position] ^= 1
        try bytes.write(to: URL(filePath: path))
        // Damage to the header may be noticed before; that to the name or kind of the sum takes it away.
        let sum = (try? SafetensorsFile(path: path))?.metadata["checksum"]
        guard sum?.hasPrefix("crc32:") == true else { continue }
        #expect(throws: SafetensorsError.self) { try SafetensorsFile(path: path).verifyChecksum() }
      }
      try whole.prefix(whole.count - 1).write(to: URL(filePath: path))
      #expect(throws: SafetensorsError.self) { try SafetensorsFile(path: path).verifyChecksum() }
    }
  }

  /// Files of other programs, and of older versions.
  @Test func filesWithoutOneAreTakenAsTheyAre() throws {
    try withTemporaryDirectory { folder in
      let path = folder + "/x.safetensors"
      try write(to: path, isChecksummed: false)
      let file = try SafetensorsFile(path: path)
      #expect(file.metadata["checksum"] == nil)
      try file.verifyChecksum()
    }
  }
}
