import Foundation
import Testing

@testable import ImageData

@Suite struct ImageFolderTests {
  /// Opens a folder and gives the names of its images relative to it.
  private func names(_ folder: TemporaryFolder, split: DataSplit = .train) throws -> [String] {
    let dataset = try Datasets.open(path: folder.path, split: split)
    return (0..<dataset.count).map { String(dataset.name(at: $0).dropFirst(folder.path.count + 1)) }
  }

  private func error(_ folder: TemporaryFolder, split: DataSplit = .train) throws -> DatasetError {
    try #require(throws: DatasetError.self) { _ = try Datasets.open(path: folder.path, split: split) }
  }

  @Test func subfoldersAreClasses() throws {
    let folder = try TemporaryFolder()
    for file in [
      "dog/b.JPG", "dog/a.jpeg", "dog/deep/er/c.png", "dog/notes.txt", "cat/z.Png", "cat/.hidden.jpg", ".git/x.jpg",
      "Zebra/1.jpg", "Zebra/.thumbs/1.jpg", "Ärger/1.jpg", "stray.jpg",
    ] { try folder.write([1], to: file) }
    let dataset = try Datasets.open(path: folder.path, split: .train)
    #expect(
      try names(folder) == [
        "Zebra/1.jpg", "cat/z.Png", "dog/a.jpeg", "dog/b.JPG", "dog/deep/er/c.png", "Ärger/1.jpg",
      ])
    #expect(dataset.labels == [0, 1, 2, 2, 2, 3])
    #expect(dataset.classNames == ["Zebra", "cat", "dog", "Ärger"])
    #expect(
      dataset.summary == "6 image files in 4 classes (folder, \(folder.path); 1 images outside the class folders "
        + "are ignored; 1 files that are not JPEG, PNG or WebP are ignored)")
  }

  @Test func aFlatFolderHasNoLabels() throws {
    let folder = try TemporaryFolder()
    for file in ["b.png", "a.jpg", "readme.md", "B.jpeg", "c.WebP"] { try folder.write([1], to: file) }
    let dataset = try Datasets.open(path: folder.path, format: .folder, split: .train)
    #expect(dataset.labels == nil && dataset.classNames == nil)
    #expect(try names(folder) == ["B.jpeg", "a.jpg", "b.png", "c.WebP"])
  }

  @Test(arguments: ["val", "test", "validation"]) func findsSplits(test: String) throws {
    let folder = try TemporaryFolder()
    for file in ["train/a/1.jpg", "train/b/2.jpg", "\(test)/a/3.jpg", "\(test)/b/4.jpg"] {
      try folder.write([1], to: file)
    }
    #expect(try names(folder) == ["train/a/1.jpg", "train/b/2.jpg"])
    #expect(try names(folder, split: .test) == ["\(test)/a/3.jpg", "\(test)/b/4.jpg"])
  }

  @Test func refusesUnclearSplits() throws {
    let folder = try TemporaryFolder()
    try folder.write([1], to: "a/1.jpg")
    #expect(
      try error(folder, split: .test).problem == .noSplit(.test, lookedFor: ["val", "test", "validation"]))
    try folder.write([1], to: "val/a/1.jpg")
    #expect(try error(folder).description.contains("no 'train' beside it"))
  }

  @Test func refusesEmptyFoldersAndClasses() throws {
    let folder = try TemporaryFolder()
    #expect(try error(folder).problem == .noImages(ignoredFiles: 0))
    try folder.write([1], to: "photo.gif")
    #expect(try error(folder).problem == .noImages(ignoredFiles: 1))
    try folder.write([1], to: "a/1.jpg")
    try folder.write([1], to: "b/notes.txt")
    #expect(try error(folder) == DatasetError(path: folder.path, problem: .emptyClass("b")))
  }

  @Test func refusesMissingPathsAndFiles() throws {
    let folder = try TemporaryFolder()
    let missing = folder.path + "/missing"
    for format in DatasetFormat.builtIn {
      #expect(throws: DatasetError(path: missing, problem: .missing)) {
        _ = try Datasets.open(path: missing, format: format, split: .train)
      }
    }
    let file = try folder.write([1, 2, 3], to: "data.tar")
    for format in DatasetFormat.builtIn {
      let error = try #require(throws: DatasetError.self) {
        _ = try Datasets.open(path: file, format: format, split: .train)
      }
      #expect(error.path == file)
    }
  }

  @Test func endsOnLoopsOfLinks() throws {
    let folder = try TemporaryFolder()
    for file in ["a/1.jpg", "elsewhere.d/deep/2.jpg", "stray.jpg"] { try folder.write([1], to: file) }
    try folder.link("a/self", to: "a")
    try folder.link("a/up", to: "")
    try folder.link("a/other", to: "elsewhere.d")
    try folder.link("elsewhere.d/back", to: "a")
    try folder.link("b", to: "a")
    #expect(
      try names(folder) == [
        "a/1.jpg", "a/other/deep/2.jpg", "b/1.jpg", "b/other/deep/2.jpg", "elsewhere.d/back/1.jpg",
        "elsewhere.d/deep/2.jpg",
      ])
  }

  @Test func keepsLinksThatLeadNowhere() throws {
    let folder = try TemporaryFolder()
    try folder.link("gone.jpg", to: "nothing")
    let dataset = try Datasets.open(path: folder.path, split: .train)
    #expect(dataset.count == 1)
    let error = try #require(throws: ImageError.self) { _ = try dataset.image(at: 0) }
    #expect(error.problem == .unreadable("No such file or directory"))
  }

  @Test func ordersFilesAsTorchvision() throws {
    let folder = try TemporaryFolder()
    for name in ["c/a/x/1.jpg", "c/a-b/1.jpg", "c/a/2.jpg", "c/a/1.jpg", "c/z.jpg"] { try folder.write([1], to: name) }
    let data = try Datasets.open(path: folder.path, split: .train)
    #expect(
      (0..<data.count).map { String(data.name(at: $0).dropFirst(folder.path.count + 1)) }
        == ["c/z.jpg", "c/a/1.jpg", "c/a/2.jpg", "c/a-b/1.jpg", "c/a/x/1.jpg"])
  }

  @Test func numbersTestClassesAsTrainClasses() throws {
    let folder = try TemporaryFolder()
    for name in ["train/x/1.jpg", "train/y/1.jpg", "val/y/1.jpg"] { try folder.write([1], to: name) }
    let data = try Datasets.open(path: folder.path, split: .test)
    #expect(data.labels == [1])
    #expect(data.classNames == ["x", "y"])
    try folder.write([1], to: "val/w/1.jpg")
    #expect(throws: DatasetError.self) { try Datasets.open(path: folder.path, split: .test) }
  }

  @Test func aFolderNamedLikeAnImageIsAFolder() throws {
    let folder = try TemporaryFolder()
    try folder.write([1], to: "a/cat.jpg/1.jpg")
    try folder.write([1], to: "dog.png/2.jpg")
    try folder.makeFolder("a/empty.jpg")
    #expect(try names(folder) == ["a/cat.jpg/1.jpg", "dog.png/2.jpg"])
    try folder.makeFolder("none.jpeg")
    #expect(try error(folder).problem == .emptyClass("none.jpeg"))
  }

  @Test(.enabled(if: geteuid() != 0, "nothing is unreadable to root")) func namesWhatMayNotBeRead() throws {
    let folder = try TemporaryFolder()
    try folder.write([1], to: "a/secret.jpg")
    try folder.write([1], to: "a/inner/1.jpg")
    chmod(folder.path + "/a/secret.jpg", 0)
    let data = try folder.open()
    let unreadable = try #require(throws: ImageError.self) { try data.image(at: 0) }
    #expect(unreadable == ImageError(path: folder.path + "/a/secret.jpg", problem: .unreadable("Permission denied")))
    chmod(folder.path + "/a/inner", 0)
    defer { chmod(folder.path + "/a/inner", 0o755) }
    #expect(
      try error(folder) == DatasetError(path: folder.path + "/a/inner", problem: .unreadable("Permission denied")))
  }
}
