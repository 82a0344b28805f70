// One import for everything that a program which pretrains and measures encoders needs.
@_exported import Checkpoints
@_exported import HardViewPretraining
@_exported import ImageData
@_exported import NeuralNetworks
@_exported import Optimization
@_exported import RepresentationEvaluation
@_exported import RunConfiguration
@_exported import RunRecords
@_exported import Torch
@_exported import Views
