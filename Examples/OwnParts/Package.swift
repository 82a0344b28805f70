// swift-tools-version: 6.2
import PackageDescription

let package = Package(
  name: "OwnParts",
  dependencies: [.package(name: "HardViews", path: "../..")],
  targets: [
    .executableTarget(
      name: "OwnParts",
      dependencies: ["HardViews", "HardViewsCommandLine", "MethodConformance"].map {
        .product(name: $0, package: "HardViews")
      })
  ],
  swiftLanguageModes: [.v6])
