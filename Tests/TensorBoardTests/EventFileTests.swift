import Foundation
import TestSupport
import Testing

@testable import TensorBoard

@Suite struct EventFileTests {
  /// Test vectors of RFC 3720, appendix B.4.
  @Test func checksumsAreCastagnolis() {
    #expect(CRC32C.value(Array(repeating: 0, count: 32)) == 0x8a91_36aa)
    #expect(CRC32C.value(Array(repeating: 0xff, count: 32)) == 0x62a8_ab43)
    #expect(CRC32C.value(Array(0..<32)) == 0x46dd_794e)
  }

  /// The bytes that the documentation of the encoding gives for its examples.
  @Test func messagesAreThoseOfTheDocumentation() {
    var message = ProtobufMessage()
    message.add(1, 150)
    #expect(message.bytes == [0x08, 0x96, 0x01])
    message = ProtobufMessage()
    message.add(2, "testing".utf8)
    #expect(message.bytes == [0x12, 0x07, 0x74, 0x65, 0x73, 0x74, 0x69, 0x6e, 0x67])
    var outer = ProtobufMessage()
    var inner = ProtobufMessage()
    inner.add(1, 150)
    outer.add(3, inner)
    #expect(outer.bytes == [0x1a, 0x03, 0x08, 0x96, 0x01])
    message = ProtobufMessage()
    message.add(1, -2)
    #expect(message.bytes == [0x08, 0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01])
  }

  /// TensorBoard itself reads what was written, where it is installed.
  @Test(.enabled(if: TensorBoardReader.isThere)) func tensorBoardReadsIt() throws {
    try withTemporaryDirectory { folder in
      let png: [UInt8] = [0x89, 0x50, 0x4e, 0x47]
      let first = try EventFile(in: folder, atStep: 0)
      for step in 1...10 {
        try first.append(
          [.scalar("training/loss", 1 / Double(step)), .scalar("ä/b", step == 3 ? .nan : 1e-30)], atStep: step)
      }
      try first.append([.picture("chosen_views", png: png, width: 5, height: 7)], atStep: 10)
      // Went on after step 6.
      let second = try EventFile(in: folder, atStep: 6)
      try second.append([.scalar("training/loss", 77)], atStep: 7)
      let read = try TensorBoardReader.read(folder)
      #expect(read.scalars["training/loss"]?.map(\.step) == Array(1...7))
      #expect(read.scalars["training/loss"]?.last?.value == 77)
      #expect(abs((read.scalars["training/loss"]?[2].value ?? 0) - 1 / 3) < 1e-7)
      #expect(read.scalars["ä/b"]?.count == 6)
      #expect(read.images["chosen_views"]?.isEmpty == true)
    }
  }
}
