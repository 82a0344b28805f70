import HardViews

/// The photos that an encoder finds most like a picture, the most alike first.
func photos(like picture: String, in folder: String, encoder source: String) throws -> [String] {
  let encoder = try VisionEncoder(source)  // a run, a checkpoint or a safetensors file
  let photos = try encoder.embed(folder)  // features [photos, features]; unreadable files are in `skipped`
  let query = try encoder.embed(files: [picture])
  return try photos.neighbours(of: query, count: 5)[0].map(\.name)
}
