import HardViewPretraining
import NeuralNetworks
import Views

/// The program `load.py`: builds exactly this network in a library, loads its weights strictly, and prepares image files.
struct PythonLoader {
  let configuration: EncoderConfiguration
  let format: ExportFormat

  private var backbone: BackboneConfiguration { configuration.backbone }
  private var preprocessing: ImagePreprocessing { configuration.preprocessing }
  /// The library that builds the network.
  private var library: ExportFormat {
    format == .safetensors ? (backbone.isTransformer ? .timm : .torchvision) : format
  }

  /// The whole program.
  var text: String {
    """
    \"\"\"\(summary)

    Written by HardViews. It needs \(packages).

        from load import features, load, prepare
        model = load()
        print(features(model, prepare("image.jpg")[None]).shape)

    As a program, `python load.py IMAGE…` prints the features of images, one line of numbers each.
    \"\"\"

    import sys
    from pathlib import Path

    import numpy as np
    import torch
    from PIL import Image, ImageOps
    \(imports)

    FOLDER = Path(__file__).resolve().parent


    def build():
        \"\"\"The network with random weights, without a classifier.\"\"\"
    \(indented(builder))


    def load():
        \"\"\"The network with its weights, for inference.\"\"\"
    \(indented(loader))


    @torch.inference_mode()
    def features(model, images):
        \"\"\"`[images, \(featureCount)]` of prepared images `[images, \(backbone.channels), \(preprocessing.crop), \(preprocessing.crop)]`.\"\"\"
    \(indented(reader))


    def open_image(path):
        \"\"\"An image file in 8 bits a channel, \(backbone.channels == 1 ? "gray" : "RGB").\"\"\"
    \(indented(opener))


    \(preparation)


    if __name__ == "__main__":
        network = load()
        for name in sys.argv[1:]:
            print(*features(network, prepare(name)[None])[0].tolist())

    """
  }

  private var summary: String {
    let kind =
      backbone.isTransformer
      ? "vision transformer, width \(backbone.width), depth \(backbone.depth), patches of \(backbone.patchSize) px"
      : "\(backbone.name.rawValue), width \(backbone.width), \(backbone.stem.rawValue) stem"
    return "Loads an image encoder (\(kind)) with \(library.rawValue)."
  }

  private var packages: String {
    let own = library == .huggingface ? "transformers" : library == .timm ? "timm" : "torchvision"
    return "torch, \(own), safetensors, numpy and pillow"
  }

  private var featureCount: Int { backbone.featureCount }

  /// Whether the network is one that the library has a function or a configuration for.
  private var isPublished: Bool {
    backbone.isTransformer
      || (backbone.width == 64 && backbone.stem == .imagenet && (backbone.channels == 3 || library == .timm))
  }

  private var block: String { backbone.hasBottlenecks ? "Bottleneck" : "BasicBlock" }

  private func indented(_ text: String) -> String {
    text.split(separator: "\n", omittingEmptySubsequences: false).map { $0.isEmpty ? "" : "    \($0)" }
      .joined(separator: "\n")
  }

  private func tuple(_ numbers: [Int]) -> String { "(\(numbers.map(String.init).joined(separator: ", ")))" }

  private func list(_ values: [Double]) -> String {
    let whole = values.count == backbone.channels ? values : Array(repeating: values[0], count: backbone.channels)
    return "[\(whole.map { "\($0)" }.joined(separator: ", "))]"
  }

  // MARK: - The network

  private var imports: String {
    switch library {
    case .torchvision, .safetensors:
      let model =
        backbone.isTransformer
        ? "from torchvision.models import VisionTransformer"
        : isPublished
          ? "from torchvision.models import \(backbone.name.rawValue)"
          : "from torchvision.models.resnet import \(block), ResNet"
      return """
        from safetensors.torch import load_file
        from torch import nn
        from torchvision import transforms
        \(model)
        """
    case .timm:
      let model =
        isPublished ? "import timm" : "from timm.models.resnet import \(block), ResNet, make_blocks"
      return """
        from safetensors.torch import load_file
        \(isPublished ? "" : "from torch import nn\n")from timm.data import create_transform
        \(model)
        """
    case .huggingface:
      let classes =
        backbone.isTransformer
        ? [backbone.registerTokens > 0 ? "Dinov2WithRegistersModel" : "ViTModel"] : ["ResNetConfig", "ResNetModel"]
      return """
        \(backbone.isTransformer ? "" : "from safetensors.torch import load_file\n")\
        \(backbone.isTransformer || backbone.stem == .imagenet ? "" : "from torch import nn\n")\
        from transformers import \(classes.joined(separator: ", "))

        try:  # transformers 5
            from transformers import BitImageProcessorPil as ImageProcessor
        except ImportError:
            from transformers import BitImageProcessor as ImageProcessor
        """
    }
  }

  private var builder: String {
    switch library {
    case .torchvision, .safetensors: backbone.isTransformer ? torchvisionTransformer : torchvisionResNet
    case .timm:
      backbone.isTransformer || isPublished
        ? "return timm.create_model(\"\(TimmConfiguration.architecture(of: backbone))\", pretrained=False, "
          + "\(timmArguments))"
        : timmResNet
    case .huggingface: backbone.isTransformer ? huggingFaceTransformer : huggingFaceResNet
    }
  }

  /// The stem's convolution, and the line that takes the pooling out where there is none.
  private func stem(_ convolution: String, _ pooling: String) -> String {
    let geometry =
      backbone.stem == .imagenet ? "kernel_size=7, stride=2, padding=3" : "kernel_size=3, stride=1, padding=1"
    let line = "\(convolution) = nn.Conv2d(\(backbone.channels), \(backbone.width), \(geometry), bias=False)"
    return backbone.stem == .imagenet ? line : "\(line)\n\(pooling) = nn.Identity()"
  }

  private var torchvisionResNet: String {
    guard !isPublished else { return "model = \(backbone.name.rawValue)()\nmodel.fc = nn.Identity()\nreturn model" }
    let depths = backbone.stageDepths ?? []
    let stages = depths.enumerated().map { stage, depth in
      "model.layer\(stage + 1) = model._make_layer(\(block), \(backbone.width << stage), \(depth), "
        + "stride=\(stage == 0 ? 1 : 2))"
    }
    return """
      model = ResNet(\(block), \(depths))
      # The class is 64 wide with a stem for large color images; this network has another stem or width.
      \(stem("model.conv1", "model.maxpool"))
      model.bn1 = nn.BatchNorm2d(\(backbone.width))
      model.inplanes = \(backbone.width)
      \(stages.joined(separator: "\n"))
      model.fc = nn.Identity()
      return model
      """
  }

  private var torchvisionTransformer: String {
    """
    model = VisionTransformer(
        image_size=\(preprocessing.crop), patch_size=\(backbone.patchSize), num_layers=\(backbone.depth), \
    num_heads=\(backbone.headCount),
        hidden_dim=\(backbone.width), mlp_dim=\(4 * backbone.width), num_classes=1)
    model.conv_proj = nn.Conv2d(\(backbone.channels), \(backbone.width), kernel_size=\(backbone.patchSize), \
    stride=\(backbone.patchSize))
    model.heads = nn.Identity()
    return model
    """
  }

  /// Arguments of `timm.create_model`.
  private var timmArguments: String {
    TimmConfiguration(configuration).modelArguments.map { "\($0.name)=\($0.value)" }.joined(separator: ", ")
  }

  private var timmResNet: String {
    let channels = tuple((0..<4).map { backbone.width << $0 })
    let depths = tuple(backbone.stageDepths ?? [])
    return """
      model = ResNet(\(block), \(depths), num_classes=0, in_chans=\(backbone.channels), channels=\(channels))
      # The class has a stem of 64 channels for large images; this network has another stem or width.
      \(stem("model.conv1", "model.maxpool"))
      model.bn1 = nn.BatchNorm2d(\(backbone.width))
      stages, _ = make_blocks(
          (\(block),) * 4, \(channels), \(depths), \(backbone.width), act_layer=nn.ReLU, norm_layer=nn.BatchNorm2d)
      for name, stage in stages:
          setattr(model, name, stage)
      return model
      """
  }

  private var huggingFaceResNet: String {
    let build = "model = ResNetModel(ResNetConfig.from_pretrained(FOLDER))"
    guard backbone.stem == .cifar else { return "\(build)\nreturn model" }
    return """
      \(build)
      # A configuration describes the stem for large images alone.
      \(stem("model.embedder.embedder.convolution", "model.embedder.pooler"))
      return model
      """
  }

  private var huggingFaceTransformer: String {
    let name = backbone.registerTokens > 0 ? "Dinov2WithRegistersModel" : "ViTModel"
    let arguments = backbone.registerTokens > 0 ? "" : ", add_pooling_layer=False"
    return "return \(name)(\(name).config_class.from_pretrained(FOLDER)\(arguments))"
  }

  // MARK: - Weights and features

  private var loader: String {
    guard library == .huggingface, backbone.isTransformer else {
      return """
        model = build()
        model.load_state_dict(load_file(FOLDER / "\(EncoderExport.weightsName)"), strict=True)
        return model.eval()
        """
    }
    let name = backbone.registerTokens > 0 ? "Dinov2WithRegistersModel" : "ViTModel"
    let arguments = backbone.registerTokens > 0 ? "" : "add_pooling_layer=False, "
    return """
      model, report = \(name).from_pretrained(FOLDER, \(arguments)output_loading_info=True)
      for problem in ("missing_keys", "unexpected_keys", "mismatched_keys"):
          if report[problem]:
              raise RuntimeError(f"{problem}: {report[problem]}")
      return model.eval()
      """
  }

  private var reader: String {
    guard library == .huggingface else { return "return model(images)" }
    return backbone.isTransformer
      ? "return model(images).last_hidden_state[:, 0]" : "return model(images).pooler_output.flatten(1)"
  }

  // MARK: - Images

  private var opener: String {
    guard [1, 3].contains(backbone.channels) else {
      return """
        raise NotImplementedError("images of \(backbone.channels) channels: make the array of the file yourself")
        """
    }
    let range = preprocessing.sixteenBitRange
    let (low, span) = (range[0], range[1] - range[0])
    let mode = backbone.channels == 1 ? "L" : "RGB"
    let upright = preprocessing.appliesOrientation ? "\nimage = ImageOps.exif_transpose(image)" : ""
    let scaled =
      range == [0, 65535]
      ? "np.asarray(image, dtype=np.uint16) >> 8"
      : "((np.asarray(image, dtype=np.int64) - \(low)).clip(0, \(span)) * 255 + \(span / 2)) // \(span)"
    var background = ""
    if preprocessing.background != "none" {
      background = """

        if image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info:
            front = image.convert("RGBA")
            image = Image.new("RGB", front.size, "\(preprocessing.background)")
            image.paste(front, mask=front.getchannel("A"))
        """
    }
    return """
      image = Image.open(path)\(upright)
      if image.mode.startswith("I"):  # 16 bits of gray
          image = Image.fromarray((\(scaled)).astype(np.uint8))\(background)
      return image.convert("\(mode)")
      """
  }

  private var filter: String { preprocessing.interpolation == .bilinear ? "BILINEAR" : "BICUBIC" }

  private var preparation: String {
    let (mean, deviation) = (list(preprocessing.mean), list(preprocessing.standardDeviation))
    switch library {
    case .torchvision, .safetensors:
      return """
        TRANSFORM = transforms.Compose([
            transforms.Resize(\(preprocessing.resize), interpolation=transforms.InterpolationMode.\(filter)),
            transforms.CenterCrop(\(preprocessing.crop)),
            transforms.ToTensor(),
            transforms.Normalize(\(mean), \(deviation)),
        ])


        def prepare(path):
            \"\"\"An image file as the network takes it, `[channels, height, width]`.\"\"\"
            return TRANSFORM(open_image(path))
        """
    case .timm:
      let timm = TimmConfiguration(configuration)
      return """
        TRANSFORM = create_transform(
            input_size=(\(backbone.channels), \(preprocessing.crop), \(preprocessing.crop)), is_training=False,
            interpolation="\(preprocessing.interpolation.rawValue)", crop_pct=\(timm.cropShare), crop_mode="center",
            mean=\(mean), std=\(deviation))


        def prepare(path):
            \"\"\"An image file as the network takes it, `[channels, height, width]`.\"\"\"
            return TRANSFORM(open_image(path))
        """
    case .huggingface:
      return """
        PROCESSOR = ImageProcessor.from_pretrained(FOLDER)


        def prepare(path):
            \"\"\"An image file as the network takes it, `[channels, height, width]`.

            Resized and cropped here: the processor's own crop is a pixel off where the margins differ.
            \"\"\"
            image = open_image(path)
            shorter = min(image.size)
            width, height = (\(preprocessing.resize) * side // shorter for side in image.size)
            image = image.resize((width, height), Image.Resampling.\(filter))
            left, top = round((width - \(preprocessing.crop)) / 2), round((height - \(preprocessing.crop)) / 2)
            image = image.crop((left, top, left + \(preprocessing.crop), top + \(preprocessing.crop)))
            pixels = np.asarray(image).reshape(\(preprocessing.crop), \(preprocessing.crop), \(backbone.channels))
            return PROCESSOR(
                pixels, do_resize=False, do_center_crop=False, do_convert_rgb=False, input_data_format="channels_last",
                return_tensors="pt").pixel_values[0]
        """
    }
  }
}
