import Testing
import Views

@Suite struct ImageTests {
  @Test func lumaFollowsTheStandard() {
    let image = Image.noise(width: 37, height: 11)
    let gray = image.converted(toChannels: 1)
    #expect(gray.channels == 1)
    for index in 0..<(37 * 11) {
      let (red, green, blue) = (
        Double(image.pixels[3 * index]), Double(image.pixels[3 * index + 1]), Double(image.pixels[3 * index + 2])
      )
      #expect(abs(Double(gray.pixels[index]) - (0.299 * red + 0.587 * green + 0.114 * blue)) <= 0.51)
    }
  }

  @Test func grayIsRepeated() {
    let gray = Image.noise(width: 5, height: 4, channels: 1)
    let color = gray.converted(toChannels: 3)
    #expect(color.pixels == gray.pixels.flatMap { [$0, $0, $0] })
    #expect(color.converted(toChannels: 1) == gray)
    #expect(gray.converted(toChannels: 1) == gray)
  }
}
