// swift-tools-version: 6.2
// SPDX-License-Identifier: Apache-2.0
import PackageDescription

// Where `scripts/setup` links libtorch: headers in `include`, shared objects in `lib`. A package that depends on this one
// by URL has no such link, and names the folder in the environment.
let libtorch = Context.environment["HARDVIEWS_LIBTORCH"] ?? "\(Context.packageDirectory)/.dependencies/libtorch"

let language: [SwiftSetting] = [
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("MemberImportVisibility"),
]

/// Pixel code is an order of magnitude slower without the machine's own vector instructions, and unusable
/// without the optimiser, so it is optimised in debug builds too.
let pixels: [SwiftSetting] =
  language + [
    .unsafeFlags(["-target-cpu", Context.environment["HARDVIEWS_TARGET_CPU"] ?? "native"]),
    .unsafeFlags(["-O", "-wmo", "-num-threads", "2", "-disable-batch-mode"], .when(configuration: .debug)),
  ]

let torchHeaders: [CXXSetting] = [
  .unsafeFlags([
    "-isystem", "\(libtorch)/include", "-isystem", "\(libtorch)/include/torch/csrc/api/include",
    "-Wno-deprecated-declarations",
  ])
]
let torchLibraries: [LinkerSetting] = [
  .unsafeFlags(["-L\(libtorch)/lib", "-Xlinker", "-rpath", "-Xlinker", "\(libtorch)/lib"]),
  .linkedLibrary("torch_cpu"), .linkedLibrary("c10"), .linkedLibrary("m"),
]

let argumentParser = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")
let yams = Target.Dependency.product(name: "Yams", package: "Yams")

let package = Package(
  name: "HardViews",
  products: [
    .library(name: "HardViews", targets: ["HardViews"]),
    .library(name: "HardViewsCommandLine", targets: ["HardViewsCommandLine"]),
    .library(name: "MethodConformance", targets: ["MethodConformance"]),
    .executable(name: "hardviews", targets: ["Program"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
  ],
  targets: [
    // Below torch: pixels, files, records.
    .target(name: "Processors", swiftSettings: language),
    .target(name: "WorkerProcesses", dependencies: ["Processors"], swiftSettings: language),
    .target(name: "Views", dependencies: ["Processors"], swiftSettings: pixels),
    .systemLibrary(
      name: "CLibJPEG", path: "Sources/CImageCodecs/CLibJPEG", pkgConfig: "libjpeg",
      providers: [.apt(["libjpeg62-turbo-dev"])]),
    .target(name: "CJPEG", dependencies: ["CLibJPEG"], path: "Sources/CImageCodecs/CJPEG"),
    .systemLibrary(
      name: "CSPNG", path: "Sources/CImageCodecs/CSPNG", pkgConfig: "spng",
      providers: [.apt(["libspng-dev"])]),
    .systemLibrary(
      name: "CWebP", path: "Sources/CImageCodecs/CWebP", pkgConfig: "libwebpdemux",
      providers: [.apt(["libwebp-dev"])]),
    .systemLibrary(
      name: "CLibTIFF", path: "Sources/CImageCodecs/CLibTIFF", pkgConfig: "libtiff-4",
      providers: [.apt(["libtiff-dev"])]),
    .target(name: "CTIFF", dependencies: ["CLibTIFF"], path: "Sources/CImageCodecs/CTIFF"),
    // giflib and stb_image have no pkg-config files that help.
    .systemLibrary(
      name: "CGIF", path: "Sources/CImageCodecs/CGIF", providers: [.apt(["libgif-dev"])]),
    // stb_image looks colors up in a palette that it fills only as far as the file does.
    .target(
      name: "CBMP", path: "Sources/CImageCodecs/CBMP",
      cSettings: [.unsafeFlags(["-ftrivial-auto-var-init=zero"])]),
    .systemLibrary(
      name: "CZlib", path: "Sources/CImageCodecs/CZlib", pkgConfig: "zlib",
      providers: [.apt(["zlib1g-dev"])]),
    .systemLibrary(name: "CArchive", pkgConfig: "libarchive", providers: [.apt(["libarchive-dev"])]),
    .target(
      name: "ImageData",
      dependencies: [
        "AtomicFiles", "Processors", "Views", "CArchive", "CBMP", "CGIF", "CJPEG", "CSPNG", "CTIFF", "CWebP", "CZlib",
      ],
      swiftSettings: pixels),
    .target(name: "Corruptions", dependencies: ["ImageData", "Views"], swiftSettings: pixels),
    .systemLibrary(
      name: "CCairo", path: "Sources/CCairo", pkgConfig: "cairo", providers: [.apt(["libcairo2-dev"])]),
    .target(name: "Pictures", dependencies: ["Views", "CCairo"], swiftSettings: language),
    .target(name: "AtomicFiles", swiftSettings: language),
    .target(name: "Safetensors", dependencies: ["AtomicFiles", "CZlib"], swiftSettings: language),
    .target(name: "RunRecords", dependencies: ["AtomicFiles"], swiftSettings: language),
    .systemLibrary(name: "CSQLite", pkgConfig: "sqlite3", providers: [.apt(["libsqlite3-dev"])]),
    .target(name: "ViewRecords", dependencies: ["CSQLite", "RunRecords", "Views"], swiftSettings: language),
    .target(name: "TensorBoard", dependencies: ["AtomicFiles"], swiftSettings: language),
    .target(name: "RunConfiguration", dependencies: [yams], swiftSettings: language),
    .target(name: "Statistics", swiftSettings: language),

    // The engine.
    // Its folder holds what it needs of Gloo, whose headers the wheel lacks.
    .target(
      name: "CTorch", cxxSettings: torchHeaders + [.headerSearchPath(".")], linkerSettings: torchLibraries),
    .target(name: "Torch", dependencies: ["CTorch", "Processors"], swiftSettings: language),
    .target(name: "TensorViews", dependencies: ["Torch", "Views"], swiftSettings: language),
    .target(name: "NeuralNetworks", dependencies: ["Torch"], swiftSettings: language),
    .target(name: "Optimization", dependencies: ["NeuralNetworks", "Processors", "Torch"], swiftSettings: language),
    .target(name: "Checkpoints", dependencies: ["NeuralNetworks", "Safetensors", "Torch"], swiftSettings: language),

    // The program's allocator.
    .systemLibrary(
      name: "CJemalloc", path: "Sources/CJemalloc", pkgConfig: "jemalloc", providers: [.apt(["libjemalloc-dev"])]),
    .target(name: "CAllocator", dependencies: ["CJemalloc"]),
    // How its threads wait.
    .target(name: "COpenMP"),

    // What the project is for.
    .target(
      name: "Objectives",
      dependencies: ["Views", "Torch", "NeuralNetworks", "Optimization", "RunConfiguration"], swiftSettings: language),
    .target(
      name: "HardViewSelection",
      dependencies: [
        "Objectives", "Views", "ImageData", "TensorViews", "Torch", "NeuralNetworks", "Optimization",
        "RunConfiguration",
      ],
      swiftSettings: language),
    .target(
      name: "HardViewPretraining",
      dependencies: [
        "Objectives", "HardViewSelection", "Views", "ImageData", "TensorViews", "Torch", "NeuralNetworks",
        "Optimization", "Processors", "RepresentationEvaluation", "Checkpoints", "RunRecords", "RunConfiguration",
        "AtomicFiles", "Pictures", "TensorBoard", "ViewRecords",
      ],
      exclude: ["Recipes", "ViewPipelines"], swiftSettings: language, plugins: ["EmbedFiles"]),
    .executableTarget(name: "embed-files", path: "Sources/EmbedFilesTool", swiftSettings: language),
    .plugin(name: "EmbedFiles", capability: .buildTool(), dependencies: ["embed-files"]),
    .target(
      name: "RepresentationEvaluation",
      dependencies: ["Views", "ImageData", "Torch", "NeuralNetworks", "Optimization", "Statistics"],
      swiftSettings: language),
    .target(
      name: "Encoders",
      dependencies: [
        "HardViewPretraining", "Checkpoints", "Safetensors", "AtomicFiles", "RunConfiguration", "RunRecords",
        "ImageData", "NeuralNetworks", "Torch", "Views",
      ],
      swiftSettings: language),
    .target(
      name: "PixelEvaluation",
      dependencies: [
        "Corruptions", "RepresentationEvaluation", "Statistics", "Views", "ImageData", "Torch", "NeuralNetworks",
        "Optimization",
      ],
      swiftSettings: language),
    .target(
      name: "RunEvaluation",
      dependencies: [
        "Encoders", "HardViewPretraining", "PixelEvaluation", "RepresentationEvaluation", "RunRecords", "ImageData",
        "NeuralNetworks", "Torch", "Views",
      ],
      swiftSettings: language),
    .target(
      name: "Studies",
      dependencies: [
        "AtomicFiles", "Encoders", "HardViewPretraining", "ImageData", "Pictures", "PixelEvaluation",
        "RepresentationEvaluation", "HardViewSelection", "RunConfiguration", "RunEvaluation", "RunRecords",
        "Processors", "Statistics", "Torch", "Views",
      ],
      swiftSettings: language),
    .target(name: "Importances", dependencies: ["Processors", "Statistics"], swiftSettings: language),
    .target(
      name: "Reports",
      dependencies: [
        "AtomicFiles", "Encoders", "HardViewPretraining", "HardViewSelection", "ImageData", "Importances",
        "NeuralNetworks", "Objectives", "Pictures", "PixelEvaluation", "RepresentationEvaluation", "RunConfiguration",
        "RunEvaluation", "RunRecords", "Statistics", "Studies", "Torch", "ViewRecords", "Views",
      ],
      swiftSettings: language),
    .target(
      name: "MethodConformance",
      dependencies: [
        "Objectives", "HardViewSelection", "HardViewPretraining", "Checkpoints", "Views", "Torch", "NeuralNetworks",
        "Optimization", "RunConfiguration",
      ],
      swiftSettings: language),
    .target(
      name: "HardViews",
      dependencies: [
        "Views", "Corruptions", "ImageData", "Torch", "NeuralNetworks", "Optimization", "Checkpoints", "RunRecords",
        "Objectives", "HardViewSelection", "RunConfiguration", "HardViewPretraining", "Encoders",
        "RepresentationEvaluation", "PixelEvaluation", "RunEvaluation", "Statistics", "TensorViews", "ViewRecords",
      ],
      path: "Sources/HardViewsLibrary", swiftSettings: language),
    .target(
      name: "HardViewsCommandLine",
      dependencies: [
        "Corruptions", "Encoders", "HardViewPretraining", "HardViewSelection", "Objectives", "PixelEvaluation",
        "RepresentationEvaluation", "RunConfiguration", "RunEvaluation", "RunRecords", "AtomicFiles", "CAllocator",
        "COpenMP", "ImageData", "NeuralNetworks", "Optimization", "Pictures", "Reports", "Statistics", "Studies",
        "Torch", "ViewRecords", "Views", "WorkerProcesses",
        argumentParser,
      ],
      path: "Sources/CommandLine", swiftSettings: language),
    .executableTarget(
      name: "Program", dependencies: ["HardViewsCommandLine"], swiftSettings: language),

    // What scripts/bench-views times; no product.
    .executableTarget(
      name: "view-benchmarks", dependencies: ["Views", "ImageData"], path: "Benchmarks/Views", swiftSettings: pixels),

    // What scripts/check_importances.py runs; no product.
    .executableTarget(
      name: "importances-of-csv", dependencies: ["Importances"], path: "Benchmarks/Importances", swiftSettings: language
    ),

    // Tests, one target a room.
    .target(
      name: "TestSupport", dependencies: ["Torch", "Checkpoints"], path: "Tests/TestSupport", swiftSettings: language),
  ]
    + [
      "Views": ["Safetensors"], "Corruptions": ["ImageData", "Safetensors", "Views"],
      "TensorViews": ["Torch", "Views"], "ImageData": ["Views"],
      "Safetensors": ["AtomicFiles"], "RunRecords": ["AtomicFiles"], "ViewRecords": ["RunRecords", "Views"],
      "TensorBoard": ["AtomicFiles"],
      "RunConfiguration": [], "Processors": [], "WorkerProcesses": [], "Torch": ["Processors"],
      "Pictures": ["ImageData", "Views"],
      "NeuralNetworks": ["Checkpoints", "Torch"], "Optimization": ["Checkpoints", "NeuralNetworks", "Torch"],
      "Checkpoints": ["NeuralNetworks", "Torch"],
      "HardViewPretraining": [
        "Checkpoints", "HardViewSelection", "ImageData", "MethodConformance", "NeuralNetworks", "Objectives",
        "Optimization", "RunConfiguration", "RunRecords", "Torch", "ViewRecords", "Views",
      ],
      "RepresentationEvaluation": ["Checkpoints", "ImageData", "NeuralNetworks", "Statistics", "Torch", "Views"],
      "RunEvaluation": [
        "Corruptions", "Encoders", "HardViewPretraining", "ImageData", "NeuralNetworks", "PixelEvaluation",
        "RepresentationEvaluation", "Views",
      ],
      "Reports": [
        "Encoders", "HardViewPretraining", "ImageData", "Importances", "Objectives", "PixelEvaluation",
        "RunConfiguration", "RunEvaluation", "RunRecords", "Studies", "ViewRecords", "Views",
      ],
      "Statistics": [], "Importances": ["Statistics"],
      "Studies": [
        "HardViewPretraining", "HardViewSelection", "NeuralNetworks", "Pictures", "RepresentationEvaluation",
        "RunConfiguration", "RunRecords", "Statistics", "Torch",
      ],
      "PixelEvaluation": [
        "Corruptions", "ImageData", "NeuralNetworks", "Optimization", "RepresentationEvaluation", "Statistics", "Torch",
        "Views",
      ],
      "Encoders": [
        "AtomicFiles", "Checkpoints", "HardViewPretraining", "HardViews", "ImageData", "NeuralNetworks",
        "RepresentationEvaluation", "RunConfiguration", "RunEvaluation", "RunRecords", "Safetensors", "Statistics",
        "Torch", "Views",
      ],
    ].sorted { $0.key < $1.key }.map { room, others in
      .testTarget(
        name: "\(room)Tests",
        dependencies: [.target(name: room), "TestSupport"] + others.map { .target(name: $0) },
        swiftSettings: language)
    }
    + [
      .testTarget(
        name: "CommandLineTests", dependencies: ["Program", "HardViewsCommandLine", "TestSupport", "RunRecords"],
        swiftSettings: language)
    ],
  swiftLanguageModes: [.v6],
  cxxLanguageStandard: .cxx20)
