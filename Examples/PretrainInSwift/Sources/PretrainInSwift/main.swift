import HardViews

// A small recipe, shortened so that this example takes seconds.
var settings = try Recipes.named("simsiam-fashion")
for change in ["data.limit=512", "training.epochs=1", "training.batch_size=128"] { try settings.set(change) }

// Train on the hardest two of four views of each image.
let run = try Pretraining.start(ResolvedConfiguration(settings), output: "runs/example")
_ = try run.run()

// Use the encoder: images [batch, channels, height, width] in, features [batch, features] out.
let encoder = try VisionEncoder("runs/example")
let features = encoder.backbone(.zeros([2, 1, 28, 28]), in: .evaluate)
print("\(features.shape[1]) features for each of \(features.shape[0]) images")
