extension Image {
  /// What can be shown of it: gray or colors as they are, of other channels the first three, or the first of two.
  package var visible: Image {
    guard channels != 1, channels != 3 else { return self }
    let count = channels == 2 ? 1 : 3
    let shown = (0..<width * height).flatMap { pixels[$0 * channels..<$0 * channels + count] }
    return Image(width: width, height: height, channels: count, pixels: shown)
  }
}
