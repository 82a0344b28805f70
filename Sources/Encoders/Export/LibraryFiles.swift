import Foundation
import HardViewPretraining
import NeuralNetworks
import Views

/// The JSON files that libraries read beside weights.
struct LibraryFiles {
  let configuration: EncoderConfiguration
  let format: ExportFormat

  private var backbone: BackboneConfiguration { configuration.backbone }
  private var preprocessing: ImagePreprocessing { configuration.preprocessing }

  /// Names with contents.
  var all: [(name: String, json: [String: Any])] {
    switch format {
    case .torchvision, .safetensors: [("config.json", own)]
    case .timm: [("config.json", timm)]
    case .huggingface: [("config.json", huggingFace), ("preprocessor_config.json", imageProcessor)]
    }
  }

  /// The encoder's own description, as the metadata of its file hold it.
  private var own: [String: Any] {
    guard let json = try? JSONSerialization.jsonObject(with: Data(configuration.metadata.utf8)) as? [String: Any] else {
      preconditionFailure("a description that is no JSON")
    }
    return json
  }

  private func perChannel(_ values: [Double]) -> [Double] {
    values.count == backbone.channels ? values : Array(repeating: values[0], count: backbone.channels)
  }

  private var timm: [String: Any] {
    let timm = TimmConfiguration(configuration)
    let arguments = Dictionary(uniqueKeysWithValues: timm.modelArguments.map { ($0.name, $0.value) })
    let pretrained: [String: Any] = [
      "tag": "hardviews", "custom_load": false, "num_classes": 0,
      "input_size": [backbone.channels, preprocessing.crop, preprocessing.crop],
      "fixed_input_size": backbone.isTransformer, "interpolation": preprocessing.interpolation.rawValue,
      "crop_pct": timm.cropShare, "crop_mode": "center", "mean": perChannel(preprocessing.mean),
      "std": perChannel(preprocessing.standardDeviation),
      "first_conv": backbone.isTransformer ? "patch_embed.proj" : "conv1",
      "classifier": backbone.isTransformer ? "head" : "fc",
    ]
    return [
      "architecture": TimmConfiguration.architecture(of: backbone), "num_classes": 0,
      "num_features": backbone.featureCount,
      "global_pool": backbone.isTransformer ? "token" : "avg", "model_args": arguments, "pretrained_cfg": pretrained,
    ]
  }

  private var huggingFace: [String: Any] {
    guard backbone.isTransformer else {
      let factor = backbone.hasBottlenecks ? 4 : 1
      return [
        "architectures": ["ResNetModel"], "model_type": "resnet", "num_channels": backbone.channels,
        "embedding_size": backbone.width, "hidden_sizes": (0..<4).map { (backbone.width << $0) * factor },
        "depths": backbone.stageDepths ?? [], "layer_type": backbone.hasBottlenecks ? "bottleneck" : "basic",
        "hidden_act": "relu", "downsample_in_first_stage": false, "downsample_in_bottleneck": false,
        "torch_dtype": "float32",
      ]
    }
    let hasRegisters = backbone.registerTokens > 0
    var config: [String: Any] = [
      "architectures": [hasRegisters ? "Dinov2WithRegistersModel" : "ViTModel"],
      "model_type": hasRegisters ? "dinov2_with_registers" : "vit", "hidden_size": backbone.width,
      "num_hidden_layers": backbone.depth, "num_attention_heads": backbone.headCount, "hidden_act": "gelu",
      "hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0, "layer_norm_eps": 1e-6,
      "image_size": preprocessing.crop, "patch_size": backbone.patchSize, "num_channels": backbone.channels,
      "qkv_bias": true, "torch_dtype": "float32",
    ]
    if hasRegisters {
      config.merge(
        ["mlp_ratio": 4, "num_register_tokens": backbone.registerTokens, "use_swiglu_ffn": false]
      ) { $1 }
    } else {
      config["intermediate_size"] = 4 * backbone.width
    }
    return config
  }

  private var imageProcessor: [String: Any] {
    [
      "image_processor_type": "BitImageProcessor", "do_convert_rgb": backbone.channels == 3, "do_resize": true,
      "size": ["shortest_edge": preprocessing.resize], "resample": preprocessing.interpolation == .bilinear ? 2 : 3,
      "do_center_crop": true, "crop_size": ["height": preprocessing.crop, "width": preprocessing.crop],
      "do_rescale": true, "rescale_factor": 1.0 / 255, "do_normalize": true,
      "image_mean": perChannel(preprocessing.mean), "image_std": perChannel(preprocessing.standardDeviation),
    ]
  }
}
