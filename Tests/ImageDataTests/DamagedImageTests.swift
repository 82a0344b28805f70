import Testing
import Views

@testable import ImageData

/// Some thousand damaged files; `scripts/fuzz images` goes on from here.
@Suite struct DamagedImageTests {
  /// Changes bytes, cuts the file, repeats or drops a piece of it, or announces another size.
  private func damaged(_ bytes: [UInt8], _ random: inout ViewRandom) -> [UInt8] {
    var bytes = bytes
    let first = random.integer(below: bytes.count)
    let piece = first..<min(bytes.count, first + 1 + random.integer(below: 64))
    switch random.integer(below: 6) {
    case 0: bytes.removeSubrange(first...)
    case 1: bytes.removeSubrange(piece)
    case 2: bytes.insert(contentsOf: bytes[piece], at: random.integer(below: bytes.count))
    case 3: for index in piece { bytes[index] = UInt8(random.integer(below: 256)) }
    default: for _ in 0..<4 { bytes[random.integer(below: bytes.count)] = UInt8(random.integer(below: 256)) }
    }
    return bytes
  }

  @Test(arguments: ImageFixtures.good + ImageFixtures.large) func isRefusedOrGivesItsSize(name: String) throws {
    var random = ViewRandom(seed: 1, epoch: 0, sample: name.utf8.reduce(0) { 31 &* $0 &+ Int($1) } & 0xFFFF, view: 0)
    let bytes = try ImageFixtures.bytes(name)
    let options = DecodingOptions(pixelLimit: 1 << 16)
    for _ in 0..<60 {
      let changed = damaged(bytes, &random)
      do throws(ImageError) {
        let image = try EncodedImage(changed, name: name, options: options)
        let height = 1 + random.integer(below: image.height)
        let width = 1 + random.integer(below: image.width)
        let box = CropBox(
          top: random.integer(below: image.height - height + 1), left: random.integer(below: image.width - width + 1),
          height: height, width: width)
        let part = try image.pixels(PixelNeed(box: box, reduction: 1 << random.integer(below: 4)))
        #expect(part.sourceWidth == image.width && part.sourceHeight == image.height)
        let needed = PixelNeed(box: box, reduction: part.reduction).reducedBox
        #expect(part.image.width >= needed.width && part.image.height >= needed.height)
      } catch {
        #expect(error.path == name && !error.reason.isEmpty)
      }
    }
  }
}
