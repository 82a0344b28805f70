import Foundation
import RunRecords
import TestSupport
import Testing

/// The built program, as a user meets it.
@Suite struct CommandLineTests {
  /// Runs `hardviews` and returns its exit code and what it wrote.
  func hardviews(
    _ arguments: [String], in folder: String = "/tmp", environment: [String: String] = [:]
  ) throws -> (code: Int32, output: String, error: String) {
    let process = Process()
    process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
    process.executableURL = Self.program
    process.arguments = arguments
    process.currentDirectoryURL = URL(filePath: folder)
    let (output, error) = (Pipe(), Pipe())
    process.standardOutput = output
    process.standardError = error
    try process.run()
    let written = output.fileHandleForReading.readDataToEndOfFile()
    let complained = error.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return (
      process.terminationStatus, String(decoding: written, as: UTF8.self), String(decoding: complained, as: UTF8.self)
    )
  }

  /// The program lies beside the tests that run now.
  static let program = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath()
    .deletingLastPathComponent().appending(path: "hardviews")

  func tinyConfiguration(in folder: String, extra: String = "") throws -> String {
    let data = try SyntheticImages.writeIDX(in: folder)
    let path = folder + "/tiny.yaml"
    try """
    threads: 1
    data: {path: \(data), loader_threads: 0}
    views: {size: 16, blur: {probability: 0.0}, normalization: {mean: [0.5], standard_deviation: [0.25]}}
    backbone: {name: resnet18, stem: cifar, width: 8, channels: 1}
    method: {name: simsiam, projector_layers: 2, projector_output: 16, predictor_hidden: 8}
    training: {epochs: 2, batch_size: 16}
    evaluation: {resize: 16, crop: 16}
    \(extra)
    """.write(toFile: path, atomically: true, encoding: .utf8)
    return path
  }

  /// Memory that a step frees is there for the next one, but not for ever.
  @Test func theProgramKeepsFreedMemory() throws {
    let report = ["MALLOC_CONF": "stats_print:true,stats_print_opts:mdablxe"]
    let result = try hardviews(["methods"], environment: report)
    #expect(result.code == 0)
    for setting in ["opt.narenas: 1\n", "opt.oversize_threshold: 0\n", "opt.dirty_decay_ms: 10000 "] {
      #expect(result.error.contains(setting), "jemalloc reports: \(result.error)")
    }
  }

  @Test(arguments: [("methods", "simsiam", "vicreg"), ("policies", "hardest", "overlap_threshold")])
  func listsOneLineEachAndAsJSON(command: String, first: String, other: String) throws {
    struct Entry: Decodable {
      var name: String
      var summary: String
    }
    let text = try hardviews([command])
    #expect(text.code == 0)
    let json = try hardviews([command, "--json"])
    let entries = try JSONDecoder().decode([Entry].self, from: Data(json.output.utf8))
    #expect(entries[0].name == first && entries.contains { $0.name == other })
    // A heading and a rule above a line for each.
    #expect(text.output.split(separator: "\n").count == entries.count + 2)
    #expect(entries.allSatisfy { text.output.contains($0.name) && text.output.contains($0.summary) })
  }

  @Test func plansAndSaysWhatToSet() throws {
    struct Report: Decodable {
      struct Row: Decodable {
        var policy: String
        var overhead: Double
        var epochsInBudget: Int?
      }
      var rows: [Row]
      var best: String
    }
    try withTemporaryDirectory { folder in
      let configuration = try tinyConfiguration(in: folder)
      let short = ["--warm-up-steps", "4", "--rounds", "2", "--budget", "2h"]
      let text = try hardviews(["plan", configuration] + short, in: folder)
      #expect(text.code == 0, "\(text.error)")
      #expect(text.output.contains("  epochs\n") && text.output.contains("least overlap"))
      // Readable in 80 columns, but for what is to be copied whole.
      let lines = text.output.split(separator: "\n").filter { !$0.contains("--set") }
      #expect(lines.allSatisfy { $0.count <= 80 }, "\(text.output)")
      let json = try hardviews(["plan", configuration, "--json"] + short, in: folder)
      let decoder = JSONDecoder()
      decoder.keyDecodingStrategy = .convertFromSnakeCase
      let report = try decoder.decode(Report.self, from: Data(json.output.utf8))
      #expect(report.rows[0].policy == "exact" && report.rows.allSatisfy { $0.overhead >= 1 && $0.epochsInBudget! > 2 })
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder).sorted() == ["images", "tiny.yaml"])
    }
  }

  @Test func plansForManyWorkers() throws {
    struct Report: Decodable {
      struct Row: Decodable {
        var workers: Int
        var imagesEach: Int
        var stepSeconds: Double
        var otherSeconds: Double
      }
      var rows: [Row]
      var bytesPerSecond: Double
    }
    try withTemporaryDirectory { folder in
      let configuration = try tinyConfiguration(in: folder)
      let arguments = ["plan", configuration, "--workers", "2,3,4", "--rounds", "1", "--latency", "2ms"]
      let text = try hardviews(arguments + ["--per-machine", "2"], in: folder)
      #expect(text.code == 0, "\(text.error)")
      #expect(text.output.contains("Saturates at") && text.output.contains("      3       –"))
      #expect(text.output.split(separator: "\n").allSatisfy { $0.count <= 80 }, "\(text.output)")
      let json = try hardviews(arguments + ["--bandwidth", "10Gb", "--json"], in: folder)
      let decoder = JSONDecoder()
      decoder.keyDecodingStrategy = .convertFromSnakeCase
      let report = try decoder.decode(Report.self, from: Data(json.output.utf8))
      #expect(report.rows.map(\.workers) == [2, 4] && report.rows.map(\.imagesEach) == [8, 4])
      #expect(report.bytesPerSecond == 1.25e9)
      // Each of many messages takes 2 ms to every other worker.
      #expect(report.rows[0].otherSeconds > 0.02 && report.rows[1].otherSeconds > 2.5 * report.rows[0].otherSeconds)
      let odd = try hardviews(["plan", configuration, "--workers", "3,5"], in: folder)
      #expect(odd.code == 1 && odd.error.contains("training.batch_size: is 16, which does not divide"), "\(odd.error)")
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder).sorted() == ["images", "tiny.yaml"])
    }
  }

  @Test func timesStepsOfEveryRule() throws {
    struct Rule: Decodable {
      var rule: String
      var seconds: [Double]
      var ratio: Double
    }
    try withTemporaryDirectory { folder in
      let arguments = [
        "bench", "step", try tinyConfiguration(in: folder), "--set", "data.path=", "--rounds", "2", "--rule",
        "half: scoring.scale=0.5 phase=evaluate", "--json",
      ]
      let timed = try hardviews(arguments, in: folder)
      #expect(timed.code == 0, "\(timed.error)")
      let rules = try JSONDecoder().decode([Rule].self, from: Data(timed.output.utf8))
      #expect(rules.map(\.rule) == ["plain", "exact", "half"] && rules[0].ratio == 1)
      #expect(rules.allSatisfy { rule in rule.seconds.count == 2 && rule.seconds.allSatisfy { $0 > 0 } })
    }
  }

  @Test func trainsEvaluatesAndSaysWhatIsNext() throws {
    try withTemporaryDirectory { folder in
      let configuration = try tinyConfiguration(in: folder)
      let trained = try hardviews(["pretrain", configuration, "--output", "run", "--seed", "3"], in: folder)
      #expect(trained.code == 0, "\(trained.error)")
      #expect(trained.error.contains("epoch 2/2"))
      #expect(trained.error.contains("hardviews evaluate knn run"))
      let saved = try String(contentsOfFile: folder + "/run/configuration.yaml", encoding: .utf8)
      #expect(saved.contains("seed: 3"))

      let knn = try hardviews(["evaluate", "knn", "run", "--k", "5", "--k", "10"], in: folder)
      #expect(knn.code == 0, "\(knn.error)")
      #expect(knn.output.split(separator: "\n").count == 4)
      // A second evaluation replaces nothing, and each names what it is of.
      #expect(try hardviews(["evaluate", "knn", "run", "--k", "20"], in: folder).code == 0)
      for (name, k) in [("knn", "10"), ("knn-2", "20")] {
        let text = try String(contentsOfFile: folder + "/run/evaluation/\(name).json", encoding: .utf8)
        #expect(text.contains("\"neighbours\" : \(k)") && text.contains("run/checkpoints/encoder.safetensors"))
        #expect(text.contains("\"date\" : \"20") && text.contains("\"data\" : \"\(folder)"))
        #expect(text.contains("\"step\" : 8") && text.contains("\"temperature\" : 0.07"))
      }
      let larger = try hardviews(["evaluate", "knn", "run", "--k", "5", "--crop", "24"], in: folder)
      #expect(larger.code == 0, "\(larger.error)")
      #expect(larger.error.contains("64 training and 32 test images of 4 classes, resized to 24 px"))
      #expect(larger.error.contains("--resize 16 --crop 16 evaluates it at that size"))
      let record = try #require(
        try JSONSerialization.jsonObject(with: Data(contentsOf: URL(filePath: folder + "/run/evaluation/knn-3.json")))
          as? [String: Any])
      let images = try #require(record["images"] as? [String: Any])
      #expect(images["crop"] as? Int == 24 && images["train"] as? Int == 64 && images["classes"] as? Int == 4)
      // Fewer images than most of the published numbers of neighbors.
      let usual = try hardviews(["evaluate", "knn", "run"], in: folder)
      #expect(usual.code == 0 && usual.output.split(separator: "\n").count == 4, "\(usual.output)")
      let beyond = try hardviews(["evaluate", "knn", "run", "--k", "65"], in: folder)
      #expect(beyond.code == 1 && beyond.error.contains("Choose a k of at most 64"), "\(beyond.error)")
      let linear = try hardviews(["evaluate", "linear", "run", "--epochs", "5"], in: folder)
      #expect(linear.code == 0, "\(linear.error)")
      for name in ["knn", "linear"] {
        #expect(FileManager.default.fileExists(atPath: folder + "/run/evaluation/\(name).json"))
      }

      let again = try hardviews(["pretrain", configuration, "--output", "run"], in: folder)
      #expect(again.code == 1)
      #expect(again.error.contains("holds a run already") && again.error.contains("--resume run"))
      let resumed = try hardviews(["pretrain", "--resume", "run"], in: folder)
      #expect(resumed.code == 0, "\(resumed.error)")
    }
  }

  /// What no machine holds is refused with figures, before anything is made.
  @Test(arguments: [
    ("backbone.width=100000000", "Training needs at least"), ("threads=100000", "threads: must be 0"),
    ("method.projector_hidden=900000000", "this process can have"),
  ])
  func whatIsTooLargeIsRefused(assignment: String, part: String) throws {
    try withTemporaryDirectory { folder in
      let configuration = try tinyConfiguration(in: folder)
      let result = try hardviews(["pretrain", configuration, "--output", "run", "--set", assignment], in: folder)
      #expect(result.code == 1 && result.error.contains(part), "\(result.error)")
      #expect(result.error.split(separator: "\n").count == 1)
      #expect(!FileManager.default.fileExists(atPath: folder + "/run"))
    }
  }

  /// A file says what it starts from: a recipe, beside it or in it, or a network.
  @Test func filesLieOverRecipes() throws {
    try withTemporaryDirectory { folder in
      let whole = try tinyConfiguration(in: folder)
      try """
      views: {normalization: {mean: [0.5], standard_deviation: [0.25]}}
      training: {epochs: 1}
      """.write(toFile: folder + "/my.yaml", atomically: true, encoding: .utf8)
      let lost = try hardviews(["pretrain", "my.yaml", "--data", "images"], in: folder)
      #expect(lost.code == 1 && lost.error.contains("my.yaml: names neither a recipe nor a backbone"), "\(lost.error)")
      #expect(lost.error.split(separator: "\n").count == 1 && !FileManager.default.fileExists(atPath: folder + "/runs"))
      let small = ["--data", "images", "--set", "backbone.channels=1", "--set", "training.batch_size=32"]
      let laid = try hardviews(["pretrain", "--recipe", "simsiam-small", "my.yaml"] + small, in: folder)
      #expect(laid.code == 0, "\(laid.error)")
      let saved = try String(contentsOfFile: folder + "/runs/my/configuration.yaml", encoding: .utf8)
      #expect(saved.contains("epochs: 1\n") && saved.contains("width: 16\n"))
      // A run folder is a recipe, and stands for its images.
      let sheets = try [["images", "--recipe", "runs/my"], ["runs/my"]].map { arguments in
        let sheet = try hardviews(["views", "--json"] + arguments, in: folder)
        #expect(sheet.code == 0 && sheet.output.contains("\"recipe\" : \"runs/my\""), "\(sheet.error)")
        return try #require(
          try JSONSerialization.jsonObject(with: Data(sheet.output.utf8)) as? [String: Any])["views"] as? NSArray
      }
      #expect(sheets[0]?.count == 8 && sheets[0] == sheets[1])
      let chosen = try hardviews(
        ["views", "runs/my", "--chosen", "-n", "3", "--output", "chosen.png"], in: folder)
      #expect(chosen.code == 0 && chosen.error.contains("for 3 images"), "\(chosen.error)")
      #expect(try Data(contentsOf: URL(filePath: folder + "/chosen.png")).starts(with: [0x89, 0x50, 0x4E, 0x47]))
      let epochs = try hardviews(["records", "runs/my"], in: folder)
      #expect(epochs.code == 0 && epochs.output.contains("least_overlap_share"), "\(epochs.error)")
      let ledger = try hardviews(["records", "runs/my", "--ledger", "--output", "ledger.csv"], in: folder)
      #expect(ledger.code == 0 && ledger.error.contains("ledger.csv has 16 rows"), "\(ledger.error)")
      let lines = try String(contentsOfFile: folder + "/ledger.csv", encoding: .utf8).split(separator: "\n")
      #expect(lines.count == 17 && lines[0].hasPrefix("image,name,trained,scored,mean_score"))
      let wrong = try hardviews(["records", "runs/my", "--sql", "SELECT iou FROM pairs"], in: folder)
      #expect(wrong.code == 1 && wrong.error.contains("no such column: iou"), "\(wrong.error)")
      try Data().write(to: URL(filePath: folder + "/runs/my/views.jsonl"))
      let none = try hardviews(["views", "runs/my", "--chosen", "--output", "none.png"], in: folder)
      #expect(none.code == 1 && none.error.contains("views_of_images"), "\(none.error)")
      let other = try hardviews(
        ["pretrain", "--recipe", "simsiam-small", whole, "--set", "method.name=byoll"], in: folder)
      #expect(other.code == 1 && other.error.contains("Did you mean 'byol'?"), "\(other.error)")
    }
  }

  @Test func interruptWritesACheckpointAndSaysHowToResume() throws {
    try withTemporaryDirectory { folder in
      let configuration = try tinyConfiguration(in: folder)
      let process = Process()
      process.executableURL = Self.program
      process.arguments = ["pretrain", configuration, "--output", "run", "--set", "training.epochs=100000"]
      process.currentDirectoryURL = URL(filePath: folder)
      let error = Pipe()
      process.standardError = error
      try process.run()
      let metrics = folder + "/run/metrics.jsonl"
      while (try? String(contentsOfFile: metrics, encoding: .utf8))?.isEmpty ?? true, process.isRunning {
        usleep(20_000)
      }
      process.interrupt()
      let text = String(decoding: error.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
      process.waitUntilExit()
      #expect(process.terminationStatus == 130)
      #expect(text.contains("Stopped after writing a checkpoint. Continue with: hardviews pretrain --resume run"))
      #expect(FileManager.default.fileExists(atPath: folder + "/run/checkpoints/last.safetensors"))
    }
  }

  @Test func initBeginsWithOtherWeightsAndSaysSo() throws {
    try withTemporaryDirectory { folder in
      _ = try tinyConfiguration(in: folder, extra: "records: {views_of_images: 2}")
      let first = try hardviews(["pretrain", "tiny.yaml", "--output", "first"], in: folder)
      #expect(first.code == 0 && !first.error.contains("weights of"))
      let second = try hardviews(
        ["pretrain", "tiny.yaml", "--output", "second", "--init", "first/checkpoints/encoder.safetensors"], in: folder)
      #expect(second.code == 0, "\(second.error)")
      #expect(
        second.error.contains(
          "weights of first/checkpoints/encoder.safetensors: 120 tensors of the encoder, heads begin at random\n"))
      let saved = try String(contentsOfFile: folder + "/second/configuration.yaml", encoding: .utf8)
      #expect(saved.contains("/first/checkpoints/encoder.safetensors"))
      try Data([0x80, 0x02, 0, 0]).write(to: URL(filePath: folder + "/old.pth"))
      let pickle = try hardviews(["pretrain", "tiny.yaml", "--output", "third", "--init", "old.pth"], in: folder)
      #expect(pickle.code == 1 && pickle.error.contains("python -c \"import"))
      #expect(!FileManager.default.fileExists(atPath: folder + "/third"))
    }
  }

  @Test(
    arguments: [
      (["plan"], 2, "Name a configuration file"),
      (["plan", "--recipe", "simsiam-small", "--budget", "2x"], 2, "budget"),
      (["plan", "--recipe", "simsiam-small", "--workers", "8,x"], 2, "workers"),
      (["plan", "--recipe", "simsiam-small", "--workers", "8", "--bandwidth", "fast"], 2, "bandwidth"),
      (["plan", "--recipe", "simsiam-small", "--workers", "8", "--latency", "-1us"], 2, "latency"),
      (["evaluate", "knn", "random", "--workers", "0"], 2, "workers"),
      (["bench", "step", "--recipe", "simsiam-small", "--rule", "half"], 2, "A rule is a name"),
      (["pretrain"], 2, "Name a configuration file, or a recipe"),
      (["pretrain", "x.yaml", "--nonsense"], 2, "nonsense"),
      (["evaluate", "knn", "nowhere"], 1, "nowhere: there is no such folder"),
      (["pretrain", "--recipe", "simsiam-tiny"], 1, "simsiam-cifar10, simsiam-fashion"),
      (["pretrain", "nowhere.yaml"], 1, "there is no such file"),
      (["pretrain", "--recipe", "simsiam-small"], 1, "--data PATH"),
      (["pretrain", "--recipe", "simsiam-small", "--data", "nowhere"], 1, "nowhere"),
      (["pretrain", "--recipe", "simsiam-small", "--set", "training.epochs"], 1, "key.path=value"),
      (["pretrain", "--recipe", "simsiam-small", "--device", "tpu"], 2, "--device"),
      (["pretrain", "--resume", "nowhere", "--init", "elsewhere"], 2, "--init begins a run with other weights"),
      (["pretrain", "--resume", "nowhere", "--recipe", "demo"], 2, "takes its settings from the run folder"),
      (["recipes", "show", "nothing"], 1, "Known here"),
      (["pretrian", "--recipe", "simsiam-small"], 2, "Did you mean 'pretrain'?"),
      (["evaluate", "kn", "runs/demo"], 2, "Did you mean 'knn'?"),
      (["evaluate", "everything", "runs/demo"], 2, "Commands: knn, retrieval, few-labels, linear, robustness, "),
      (["evaluate", "knn", "nowhere", "--held-out", "1"], 2, "--held-out must be above 0 and below 1"),
      (["evaluate", "knn", "nowhere", "--train", "here"], 2, "--train and --test name two sets"),
      (["evaluate", "knn", "nowhere", "--held-out", "0.5", "--leave-one-out"], 2, "in different ways"),
      (["evaluate", "outliers", "nowhere"], 2, "--outlier-classes a,b"),
      (["evaluate", "few-labels", "nowhere", "--labels", "5,x"], 2, "'x' is no amount of labels"),
      (["recipes", "simsiam-small"], 2, "Commands: list, show."),
      (["pretrain", "--recipe", "simsiam-small", "--epochs", "3"], 2, "--epochs"),
      (["pretrain", "--recipe", "simsiam-small", "--set", "selection.policy=hard"], 1, "Did you mean 'hardest'?"),
      (["evaluate", "knn", "nowhere", "--temperature", "0"], 2, "--temperature must be above 0"),
      (["evaluate", "linear", "nowhere", "--epochs", "0"], 2, "--epochs must be at least 1"),
      (["evaluate", "knn", "nowhere", "--crop", "0"], 2, "--crop must be at least 1"),
      (["views", "nowhere"], 2, "--output"),
      (["records", "nowhere"], 1, "nowhere: there is no such folder"),
      (["records", "nowhere", "--ledger", "--hardest", "3"], 2, "Ask one question"),
      (["report", "nowhere", "--embedded-images", "3000"], 2, "from 0 to 2000"),
      (["views", "nowhere", "--json"], 1, "nothing is there"),
      (["views", "nowhere", "--json", "--recipe", "dina"], 1, "Did you mean 'dino'?"),
      (["views", "nowhere", "--json", "-n", "0"], 2, "-n goes from 1"),
      (["views", "nowhere", "--json", "--chosen"], 2, "give it --output"),
    ] as [([String], Int32, String)])
  func mistakesAreOneParagraphWithTheRightCode(arguments: [String], code: Int32, part: String) throws {
    let result = try hardviews(arguments)
    #expect(result.code == code)
    #expect(result.error.contains(part), "\(result.error)")
    #expect(result.output.isEmpty)
    #expect(!result.error.contains("Fatal") && !result.error.contains("C++"))
    if code == 1 { #expect(result.error.split(separator: "\n").count == 1, "\(result.error)") }
  }

  @Test func versionIsThatOfTheChangelog() throws {
    let version = try hardviews(["--version"])
    #expect(version.code == 0 && version.output == "0.1.0\n")
  }

  @Test(arguments: [["--help"], ["help"], ["pretrain", "--help"], ["help", "evaluate"], ["evaluate", "knn", "-h"]])
  func helpGoesToStandardOutput(arguments: [String]) throws {
    let result = try hardviews(arguments)
    #expect(result.code == 0)
    #expect(result.output.contains("USAGE: hardviews"))
    #expect(result.error.isEmpty)
  }

  @Test func recipesPrintYAMLThatTrains() throws {
    let list = try hardviews(["recipes"])
    #expect(list.code == 0 && list.output.contains("simsiam-imagenet"))
    let shown = try hardviews(["recipes", "show", "simsiam-cifar10"])
    #expect(shown.code == 0 && shown.output.contains("learning_rate: 0.06"))
    // Evaluated images follow the views in a file that is made of it, too.
    #expect(shown.output.contains("  resize: 0\n  crop: 0\n  resize_ratio: 1.125\n"), "\(shown.output)")
    #expect(shown.error.isEmpty)
  }

  @Test func viewsAreShownAndPrinted() throws {
    try withTemporaryDirectory { folder in
      _ = try SyntheticImages.writeIDX(in: folder)
      let drawn = try hardviews(
        ["views", "images", "--recipe", "dino", "--index", "5", "--json", "--output", "sheet.png"], in: folder)
      #expect(drawn.code == 0, "\(drawn.error)")
      #expect(drawn.error.contains("sheet.png shows 10 views of"))
      let picture = try Data(contentsOf: URL(filePath: folder + "/sheet.png"))
      #expect(picture.starts(with: [0x89, 0x50, 0x4E, 0x47]))
      let record = try #require(try JSONSerialization.jsonObject(with: Data(drawn.output.utf8)) as? [String: Any])
      let views = try #require(record["views"] as? [[String: Any]])
      #expect(views.compactMap { $0["group"] as? String }.filter { $0 == "local" }.count == 8)

      let beyond = try hardviews(["views", "images", "--index", "64", "--json"], in: folder)
      #expect(beyond.code == 1 && beyond.error.contains("there are 64 images"), "\(beyond.error)")
      let nowhere = try hardviews(["views", "images", "--output", "no/such/sheet.png"], in: folder)
      #expect(nowhere.code == 1 && nowhere.error.contains("no/such/sheet.png"), "\(nowhere.error)")
      #expect(nowhere.error.split(separator: "\n").count == 1)
    }
  }

  @Test func packsAndTrainsOnWhatItPacked() throws {
    try withTemporaryDirectory { folder in
      let configuration = try tinyConfiguration(in: folder)
      let packed = try hardviews(["pack", "images", "small.hvpack", "--format", "packed"], in: folder)
      #expect(packed.code == 0, "\(packed.error)")
      #expect(packed.output.contains("small.hvpack: 64 images and 32 to test on, "))
      let again = try hardviews(["pack", "images", "small.hvpack", "--format", "packed"], in: folder)
      #expect(again.code == 1 && again.error.contains("exists already"), "\(again.error)")
      let shards = try hardviews(["pack", "small.hvpack", "shards", "--images-per-shard", "30"], in: folder)
      #expect(shards.code == 0, "\(shards.error)")
      let losses = try ["images", "small.hvpack", "shards"].map { data in
        let trained = try hardviews(["pretrain", configuration, "--data", data, "--output", "run-\(data)"], in: folder)
        #expect(trained.code == 0, "\(trained.error)")
        let metrics = try String(contentsOfFile: "\(folder)/run-\(data)/metrics.jsonl", encoding: .utf8)
        return metrics.split(separator: "\n").map { $0.split(separator: ",").first { $0.contains("\"loss\"") } }
      }
      #expect(losses[0] == losses[1] && losses[0].first != nil)
      let knn = try hardviews(["evaluate", "knn", "run-shards", "--k", "5"], in: folder)
      #expect(knn.code == 0, "\(knn.error)")
    }
  }

  @Test func checkpointOfAnotherArchitectureIsRefused() throws {
    try withTemporaryDirectory { folder in
      let configuration = try tinyConfiguration(in: folder)
      #expect(try hardviews(["pretrain", configuration, "--output", "run"], in: folder).code == 0)
      let path = folder + "/run/configuration.yaml"
      let text = try String(contentsOfFile: path, encoding: .utf8).replacing("width: 8", with: "width: 16")
      try text.write(toFile: path, atomically: true, encoding: .utf8)
      let result = try hardviews(["evaluate", "knn", "run"], in: folder)
      #expect(result.code == 1)
      #expect(result.error.contains("conv1.weight is [8, 1, 3, 3], expected [16, 1, 3, 3]"))
    }
  }

  @Test func unlabelledImagesCannotBeEvaluated() throws {
    try withTemporaryDirectory { folder in
      let configuration = try tinyConfiguration(in: folder)
      for prefix in ["train", "t10k"] {
        try FileManager.default.removeItem(atPath: "\(folder)/images/\(prefix)-labels-idx1-ubyte")
      }
      let trained = try hardviews(["pretrain", configuration, "--output", "run"], in: folder)
      #expect(trained.code == 0)
      #expect(trained.error.contains("hardviews evaluate knn run --data LABELLED_IMAGES"), "\(trained.error)")
      let result = try hardviews(["evaluate", "linear", "run"], in: folder)
      #expect(result.code == 1)
      #expect(result.error.contains("no labels"))
    }
  }
}
