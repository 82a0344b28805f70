// swift-tools-version: 6.2
import PackageDescription

let package = Package(
  name: "PretrainInSwift",
  dependencies: [.package(name: "HardViews", path: "../..")],
  targets: [
    .executableTarget(
      name: "PretrainInSwift",
      dependencies: [.product(name: "HardViews", package: "HardViews")])
  ],
  swiftLanguageModes: [.v6])
