namespace Hypervisor.Core.Traps;

/// <summary>What passes to a PCI function through the ports without a look of the mediator that stands there.</summary>
public enum ConfigurationPassage : byte
{
    /// <summary>No function is known there: nothing but questions that find nobody.</summary>
    Unknown,

    /// <summary>Nothing.</summary>
    None,

    /// <summary>Reads.</summary>
    Reads,

    /// <summary>Reads and writes.</summary>
    All,
}
