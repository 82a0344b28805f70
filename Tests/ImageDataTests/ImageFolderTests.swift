import Foundation
import Testing
import Views

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
      "Zebra/1.jpg", "Zebra/.thumbs/1.jpg", "Ärger/1.jpg", "notes.txt",
    ] { try folder.write([1], to: file) }
    let dataset = try Datasets.open(path: folder.path, split: .train)
    #expect(
      try names(folder) == [
        "Zebra/1.jpg", "cat/z.Png", "dog/a.jpeg", "dog/b.JPG", "dog/deep/er/c.png", "Ärger/1.jpg",
      ])
    #expect(dataset.labels == [0, 1, 2, 2, 2, 3])
    #expect(dataset.classNames == ["Zebra", "cat", "dog", "Ärger"])
    #expect(dataset.summary == "6 image files in 4 classes (folder, \(folder.path))")
    #expect(
      dataset.remarks == ["2 files of other types left out: 2 .txt.", "3 hidden files or folders left out."])
  }

  @Test func aFlatFolderHasNoLabels() throws {
    let folder = try TemporaryFolder()
    for file in ["b.png", "a.jpg", "B.jpeg", "c.WebP", "d.TIF", "e.gif", "f.bmp"] { try folder.write([1], to: file) }
    let dataset = try Datasets.open(path: folder.path, format: .folder, split: .train)
    #expect(dataset.labels == nil && dataset.classNames == nil)
    #expect(try names(folder) == ["B.jpeg", "a.jpg", "b.png", "c.WebP", "d.TIF", "e.gif", "f.bmp"])
    #expect(dataset.remarks == [])
  }

  @Test func photosBesideSubfoldersAreUsedWithThem() throws {
    let folder = try TemporaryFolder()
    for number in 0..<12 { try folder.write([1], to: "\(number).jpg") }
    for name in ["album/1.jpg", "album/deep/er/2.jpg", "album/3.png", "other/notes.txt"] {
      try folder.write([1], to: name)
    }
    let dataset = try folder.open()
    #expect(dataset.count == 15 && dataset.labels == nil && dataset.classNames == nil)
    #expect(Set(try names(folder)).isSuperset(of: ["11.jpg", "album/1.jpg", "album/deep/er/2.jpg", "album/3.png"]))
    #expect(
      dataset.remarks == [
        "All 15 images are used without labels: 12 lie directly in \(folder.path) and 3 in subfolders. Subfolders are "
          + "classes only where every image is in one.",
        "1 subfolder without images left out: 'other'.", "1 file of other types left out: 1 .txt.",
      ])
    #expect(Subset(dataset, indices: [1]).remarks == dataset.remarks)
    #expect(CachedImages(dataset, capacity: 0).remarks == dataset.remarks)
  }

  /// A tree of random files against a plain walk over it.
  @Test(arguments: 0..<20) func usesEveryImageOnce(seed: UInt64) throws {
    var random = ViewRandom(seed: seed, epoch: 0, sample: 0, view: 0)
    let folder = try TemporaryFolder()
    var images: Set<String> = []
    var others = 0
    for number in 0..<30 {
      let parts = (0..<random.integer(below: 4)).map { _ in ["a", "b", "c.jpg"][random.integer(below: 3)] }
      let ending = ["jpg", "PNG", "txt", "tiff"][random.integer(below: 4)]
      let name = (parts + ["\(number).\(ending)"]).joined(separator: "/")
      try folder.write([1], to: name)
      if ending == "txt" { others += 1 } else { images.insert(name) }
    }
    let dataset = try folder.open()
    #expect(Set(try names(folder)) == images && dataset.count == images.count)
    let isNested = images.allSatisfy { $0.contains("/") }
    #expect((dataset.labels != nil) == isNested)
    if let labels = dataset.labels, let classes = dataset.classNames {
      for (name, label) in zip(try names(folder), labels) { #expect(name.hasPrefix(classes[label] + "/")) }
    }
    #expect(dataset.remarks.contains { $0.contains("\(others) .txt") } == (others > 0))
  }

  @Test func saysWhatLiesBesideTheSplits() throws {
    let folder = try TemporaryFolder()
    for name in ["train/a/1.jpg", "val/a/1.jpg", "test/a/1.jpg", "extra/1.jpg", "cover.jpg", "README"] {
      try folder.write([1], to: name)
    }
    let remark =
      "Left out because they lie beside 'train', 'val' in \(folder.path): 1 image and the folders 'extra', 'test'."
    for split in DataSplit.allCases { #expect(try folder.open(split: split).remarks == [remark]) }
  }

  @Test func aTestSplitWithLooseImagesHasNoLabels() throws {
    let folder = try TemporaryFolder()
    for name in ["train/a/1.jpg", "train/b/1.jpg", "val/b/1.jpg", "val/2.jpg"] { try folder.write([1], to: name) }
    #expect(try folder.open().labels == [0, 1])
    let test = try folder.open(split: .test)
    #expect(test.labels == nil && test.count == 2)
  }

  @Test(arguments: ["x.tar.gz", "x.TGZ", "x.zip", "x.tar.zst", "x.7z"]) func saysHowToUnpack(name: String) throws {
    let folder = try TemporaryFolder()
    let file = try folder.write([1, 2, 3], to: name)
    for format in [DatasetFormat.automatic, .folder, .shards] {
      let error = try #require(throws: DatasetError.self) { try folder.open(name, format: format) }
      #expect(error.path == file && error.description.contains(" \(file)"))
      let inside = try #require(throws: DatasetError.self) { try folder.open(format: format) }
      #expect(inside.path == folder.path && inside.description.contains(" \(file)"))
    }
    try folder.write([1], to: "a.jpg")
    #expect(try folder.open().remarks.contains { $0.hasPrefix("An archive is not read") && $0.contains(" \(file)") })
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

  @Test func refusesFoldersWithoutImages() throws {
    let folder = try TemporaryFolder()
    #expect(try error(folder).problem == .noImages(ignoredFiles: 0))
    try folder.write([1], to: "photo.psd")
    try folder.makeFolder("b")
    #expect(try error(folder).problem == .noImages(ignoredFiles: 1))
  }

  @Test func subfoldersWithoutImagesAreNoClasses() throws {
    let folder = try TemporaryFolder()
    for name in ["train/a/1.jpg", "train/b/notes.txt", "train/c/1.jpg", "val/c/1.jpg"] {
      try folder.write([1], to: name)
    }
    try folder.makeFolder("train/empty/er")
    let dataset = try folder.open()
    #expect(dataset.labels == [0, 1] && dataset.classNames == ["a", "c"])
    #expect(
      dataset.remarks == [
        "2 subfolders without images left out: 'b', 'empty'.", "1 file of other types left out: 1 .txt.",
      ])
    #expect(try folder.open(split: .test).labels == [1])
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
    for file in ["a/1.jpg", "elsewhere.d/deep/2.jpg"] { try folder.write([1], to: file) }
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
    // Without classes each folder counts once, under its own name.
    try folder.write([1], to: "stray.jpg")
    #expect(try names(folder) == ["stray.jpg", "a/1.jpg", "elsewhere.d/deep/2.jpg"])
  }

  @Test func followsLinksOutOfTheFolder() throws {
    let (folder, elsewhere) = (try TemporaryFolder(), try TemporaryFolder())
    try elsewhere.write([1], to: "photos/1.jpg")
    try elsewhere.write([1], to: "2.jpg")
    try folder.makeFolder("a")
    for (link, target) in [("a/album", "photos"), ("a/b.jpg", "2.jpg")] {
      try FileManager.default.createSymbolicLink(
        atPath: "\(folder.path)/\(link)", withDestinationPath: "\(elsewhere.path)/\(target)")
    }
    #expect(try names(folder) == ["a/b.jpg", "a/album/1.jpg"])
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
    // Classes that the training split lacks come after its own.
    try folder.write([1], to: "val/w/1.jpg")
    let other = try Datasets.open(path: folder.path, split: .test)
    #expect(other.labels == [2, 1] && other.classNames == ["x", "y", "w"])
  }

  @Test func aFolderNamedLikeAnImageIsAFolder() throws {
    let folder = try TemporaryFolder()
    try folder.write([1], to: "a/cat.jpg/1.jpg")
    try folder.write([1], to: "dog.png/2.jpg")
    try folder.makeFolder("a/empty.jpg")
    #expect(try names(folder) == ["a/cat.jpg/1.jpg", "dog.png/2.jpg"])
    try folder.makeFolder("none.jpeg")
    #expect(try names(folder) == ["a/cat.jpg/1.jpg", "dog.png/2.jpg"])
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
    let rest = try folder.open()
    #expect(rest.count == 1)
    #expect(rest.remarks == ["1 folder left out because reading is not permitted: 'a/inner'."])
    chmod(folder.path, 0)
    defer { chmod(folder.path, 0o755) }
    #expect(try error(folder) == DatasetError(path: folder.path, problem: .unreadable("Permission denied")))
  }
}
