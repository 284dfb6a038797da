// Addresses, endpoints, links and simulated networks are part of the public interface: one import brings them along.
@_exported import MartinetLinks
@_exported import MartinetSimulation
@_exported import MartinetStack
@_exported import MartinetTCP
@_exported import MartinetWire

// Of the runtime, only what decorates a link, what runs tasks, a knob, and figures.
@_exported import class MartinetRuntime.ImpairedLink
@_exported import class MartinetRuntime.LinkExecutor
@_exported import struct MartinetRuntime.ShardStatistics
@_exported import enum MartinetRuntime.Spinning
