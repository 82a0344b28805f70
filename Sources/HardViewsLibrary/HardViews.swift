// One import for everything that a program which pretrains and measures encoders needs.
@_exported import Checkpoints
@_exported import Encoders
@_exported import HardViewPretraining
@_exported import HardViewSelection
@_exported import ImageData
@_exported import NeuralNetworks
@_exported import Objectives
@_exported import Optimization
@_exported import RepresentationEvaluation
@_exported import RunConfiguration
@_exported import RunEvaluation
@_exported import RunRecords
@_exported import Statistics
@_exported import TensorViews
@_exported import Torch
@_exported import Views
