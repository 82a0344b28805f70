import RunConfiguration

extension ConfigurationChange {
  /// What a run may change while it goes on: it decides how fast, how long, and what is written down, but not what the
  /// weights have been trained on until now.
  private static let permitted = [
    "summary", "device", "threads", "data.path", "data.format", "data.loader_threads", "data.prefetched_batches",
    "data.cache_megabytes", "data.skipped_share_limit", "training.epochs", "training.when_extended",
    "training.restarts", "training.accumulation", "training.memory_limit", "training.patience",
    "optimizer.restart_warmup_epochs", "optimizer.shards_memory", "records", "safety", "evaluation",
  ]

  /// Keys of permitted sections that must stay.
  private static let exceptions = ["evaluation.online.held_out", "records.views_format"]

  /// Why the rest must stay, by the beginning of the key.
  private static let reasons = [
    ("evaluation.online.held_out", "decides which images are trained on"),
    ("records.views_format", "is that of the file which holds the records of the epochs that are done"),
    ("seed", "decides the order of images and every view, also of the epochs that are done"),
    ("backbone", "describes the network whose weights the checkpoint holds"),
    ("method", "describes the objective that the weights were trained for"),
    ("views", "decides what the epochs that are done were trained on"),
    ("selection", "decides what the epochs that are done were trained on"),
    ("data", "decides which images and pixels the epochs that are done were trained on"),
    ("training.batch_size", "decides the steps of an epoch, the learning rate and the order of images"),
    ("training.frozen_encoder_epochs", "decides which weights the epochs that are done have trained"),
    ("optimizer", "belongs to the optimizer's memory and its schedule, which have begun"),
    ("observers", "belongs to a state that the checkpoint holds"),
    ("initialization", "decides how training begins, and it has begun"),
  ]

  /// Throws where a run that goes on cannot change this.
  func checkPermitted(in run: String) throws(ConfigurationError) {
    func covers(_ section: String) -> Bool { key == section || key.hasPrefix(section + ".") }
    let isPermitted = Self.permitted.contains(where: covers) && !Self.exceptions.contains(where: covers)
    guard !isPermitted else { return }
    let reason = Self.reasons.first { covers($0.0) }?.1 ?? "decides what the weights become"
    throw ConfigurationError(
      path: key,
      problem: .invalid(
        "is \(before) in \(run) and cannot become \(after), because it \(reason). "
          + "Leave it as it is, or start a new run from the weights of this one: pretrain … --init \(run)"))
  }
}
