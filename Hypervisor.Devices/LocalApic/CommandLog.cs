namespace Hypervisor.Devices.LocalApic;

/// <summary>Which interrupt commands are logged.</summary>
public enum CommandLog : byte
{
    /// <summary>None.</summary>
    Off,

    /// <summary>INIT and SIPI.</summary>
    Starts,

    /// <summary>INIT, SIPI, NMI and SMI, for as long as the machine runs: the trap stays.</summary>
    Special,
}
