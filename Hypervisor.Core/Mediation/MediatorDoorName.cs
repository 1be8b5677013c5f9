using System;

namespace Hypervisor.Core.Mediation;

/// <summary>The methods of a mediator by name, for the log.</summary>
public static class MediatorDoorName
{
    /// <summary>The name of the method behind a door.</summary>
    public static ReadOnlySpan<byte> Of(MediatorDoor door) => door switch
    {
        MediatorDoor.Probe => "Probe"u8,
        MediatorDoor.Attach => "Attach"u8,
        MediatorDoor.ExitBootServices => "ExitBootServices"u8,
        MediatorDoor.ProcessorStart => "ProcessorStarted"u8,
        MediatorDoor.Sleep => "Sleep"u8,
        MediatorDoor.Resume => "Resume"u8,
        MediatorDoor.Detach => "Detach"u8,
        MediatorDoor.Port => "OnPort"u8,
        MediatorDoor.Memory => "OnMemory"u8,
        MediatorDoor.Msr => "OnMsr"u8,
        MediatorDoor.Cpuid => "OnCpuid"u8,
        MediatorDoor.InterruptCommand => "OnInterruptCommand"u8,
        MediatorDoor.Statistic => "Statistic"u8,
        MediatorDoor.PciConfiguration => "OnPciConfiguration"u8,
        MediatorDoor.PciFunction => "OnPciFunction"u8,
        _ => "Abandon"u8,
    };
}
