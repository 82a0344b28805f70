import CCairo
import Views

/// A picture that is drawn piece by piece and written as PNG.
///
/// Places are in pixels from the upper left corner.
public final class Canvas {
  /// Width in pixels.
  public let width: Int
  /// Height in pixels.
  public let height: Int
  private let surface: OpaquePointer
  private let context: OpaquePointer

  /// A white picture.
  public init(width: Int, height: Int) {
    precondition(
      (1...32767).contains(width) && (1...32767).contains(height), "A picture of \(width)×\(height) cannot be drawn.")
    self.width = width
    self.height = height
    surface = cairo_image_surface_create(CAIRO_FORMAT_RGB24, Int32(width), Int32(height))
    context = cairo_create(surface)
    setColor(.white)
    cairo_paint(context)
    cairo_select_font_face(context, "sans-serif", CAIRO_FONT_SLANT_NORMAL, CAIRO_FONT_WEIGHT_NORMAL)
  }

  deinit {
    cairo_destroy(context)
    cairo_surface_destroy(surface)
  }

  /// Draws an image into a rectangle, smoothly enlarged or reduced.
  public func draw(_ image: Image, x: Double, y: Double, width: Double, height: Double) {
    let stride = Int(cairo_format_stride_for_width(CAIRO_FORMAT_RGB24, Int32(image.width)))
    let color = image.converted(toChannels: 3).pixels
    var bytes = [UInt8](repeating: 0, count: stride * image.height)
    for row in 0..<image.height {
      for column in 0..<image.width {
        let (source, target) = ((row * image.width + column) * 3, row * stride + column * 4)
        // cairo's pixels are 32-bit numbers 0x00RRGGBB, on this machine blue first.
        for channel in 0..<3 { bytes[target + 2 - channel] = color[source + channel] }
      }
    }
    bytes.withUnsafeMutableBufferPointer { buffer in
      let picture = cairo_image_surface_create_for_data(
        buffer.baseAddress, CAIRO_FORMAT_RGB24, Int32(image.width), Int32(image.height), Int32(stride))
      cairo_save(context)
      cairo_translate(context, x, y)
      cairo_scale(context, width / Double(image.width), height / Double(image.height))
      cairo_set_source_surface(context, picture, 0, 0)
      cairo_pattern_set_filter(
        cairo_get_source(context), width < Double(image.width) ? CAIRO_FILTER_GOOD : CAIRO_FILTER_NEAREST)
      cairo_paint(context)
      cairo_restore(context)
      cairo_surface_finish(picture)
      cairo_surface_destroy(picture)
    }
  }

  /// Draws the border of a rectangle, `thickness` pixels wide and centered on its edges.
  public func stroke(x: Double, y: Double, width: Double, height: Double, color: Color, thickness: Double = 2) {
    setColor(color)
    cairo_set_line_width(context, thickness)
    cairo_rectangle(context, x, y, width, height)
    cairo_stroke(context)
  }

  /// Draws a straight line, `thickness` pixels wide.
  public func line(
    from start: (x: Double, y: Double), to end: (x: Double, y: Double), color: Color, thickness: Double = 1
  ) {
    setColor(color)
    cairo_set_line_width(context, thickness)
    cairo_move_to(context, start.x, start.y)
    cairo_line_to(context, end.x, end.y)
    cairo_stroke(context)
  }

  /// Fills a rectangle.
  public func fill(x: Double, y: Double, width: Double, height: Double, color: Color) {
    setColor(color)
    cairo_rectangle(context, x, y, width, height)
    cairo_fill(context)
  }

  /// Writes a line of text whose letters stand on `baseline`.
  public func text(_ text: String, x: Double, baseline: Double, size: Double, color: Color = .black) {
    setColor(color)
    cairo_set_font_size(context, size)
    cairo_move_to(context, x, baseline)
    cairo_show_text(context, text)
  }

  /// The width of a line of text in pixels.
  public func width(of text: String, size: Double) -> Double {
    cairo_set_font_size(context, size)
    var extents = cairo_text_extents_t()
    cairo_text_extents(context, text, &extents)
    return extents.x_advance
  }

  /// The picture so far.
  public var image: Image {
    cairo_surface_flush(surface)
    let data = cairo_image_surface_get_data(surface)!
    let stride = Int(cairo_image_surface_get_stride(surface))
    var pixels = [UInt8](repeating: 0, count: width * height * 3)
    for row in 0..<height {
      for column in 0..<width {
        for channel in 0..<3 {
          pixels[(row * width + column) * 3 + channel] = data[row * stride + column * 4 + 2 - channel]
        }
      }
    }
    return Image(width: width, height: height, channels: 3, pixels: pixels)
  }

  /// Encodes the picture as PNG.
  public func png() -> [UInt8] {
    cairo_surface_flush(surface)
    var bytes: [UInt8] = []
    withUnsafeMutablePointer(to: &bytes) { target in
      let status = cairo_surface_write_to_png_stream(
        surface,
        { context, data, count in
          context!.assumingMemoryBound(to: [UInt8].self).pointee
            .append(contentsOf: UnsafeBufferPointer(start: data, count: Int(count)))
          return CAIRO_STATUS_SUCCESS
        }, target)
      // Memory is all that can run out, and then nothing else works either.
      precondition(status == CAIRO_STATUS_SUCCESS, String(cString: cairo_status_to_string(status)))
    }
    return bytes
  }

  private func setColor(_ color: Color) { cairo_set_source_rgb(context, color.red, color.green, color.blue) }
}
