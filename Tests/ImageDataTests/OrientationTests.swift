import Testing
import Views

@testable import ImageData

@Suite struct OrientationTests {
  private func orientation(_ bytes: [UInt8]) -> Orientation {
    bytes.withUnsafeBytes { Orientation(exif: $0) }
  }

  /// EXIF data with one entry of a 16-bit number.
  private func block(tag: UInt8 = 0x12, type: UInt8 = 3, count: UInt8 = 1, value: UInt8 = 6) -> [UInt8] {
    [0x4D, 0x4D, 0, 0x2A, 0, 0, 0, 8, 0, 1, 1, tag, 0, type, 0, 0, 0, count, 0, value, 0, 0]
  }

  @Test func readsTheTagAndNothingElse() {
    #expect(orientation(block()) == .turnRight)
    #expect(orientation(block(tag: 0x13)) == .upright)
    #expect(orientation(block(type: 5)) == .upright)
    #expect(orientation(block(count: 2)) == .upright)
    #expect(orientation(block(value: 0)) == .upright)
    #expect(orientation([0x4D] + block()) == .upright)
  }

  @Test func doesNotReadPastTheEnd() {
    let whole = block()
    for length in 0..<whole.count - 2 { #expect(orientation(Array(whole.prefix(length))) == .upright) }
    for value in 0...255 {
      for position in 4..<10 {
        var changed = whole
        changed[position] = UInt8(value)
        let read = orientation(changed)
        #expect(read == .upright || read == .turnRight)
      }
    }
  }

  /// Turning a picture twice the same way, or there and back, gives the picture.
  @Test func turnsCancel() {
    let picture = ImagePart(Image(width: 3, height: 2, channels: 3, pixels: Array(0..<18)))
    for orientation in Orientation.allCases {
      let back: Orientation =
        switch orientation {
        case .turnRight: .turnLeft
        case .turnLeft: .turnRight
        default: orientation
        }
      #expect(back.upright(orientation.upright(picture)) == picture)
      #expect((orientation.upright(picture) == picture) == (orientation == .upright))
    }
  }

  @Test func boxesTurnWithTheirImage() {
    let stored = ImagePart(Image(width: 5, height: 4, channels: 1, pixels: Array(0..<20)))
    for orientation in Orientation.allCases {
      let whole = orientation.upright(stored).image
      let box = CropBox(top: 1, left: 2, height: 2, width: 1)
      let place = orientation.storedBox(box, width: whole.width, height: whole.height)
      let pixels = (place.top..<place.top + place.height).flatMap { row in
        (place.left..<place.left + place.width).map { UInt8(5 * row + $0) }
      }
      let part = orientation.upright(
        ImagePart(
          Image(width: place.width, height: place.height, channels: 1, pixels: pixels), ofWidth: 5, height: 4,
          reduction: 1, top: place.top, left: place.left))
      #expect(part.top == box.top && part.left == box.left && part.image.height == 2 && part.image.width == 1)
      #expect(part.image.pixels == [whole.pixels[whole.width + 2], whole.pixels[2 * whole.width + 2]])
    }
  }
}
