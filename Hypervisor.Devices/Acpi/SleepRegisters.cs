namespace Hypervisor.Devices.Acpi;

/// <summary>Where the sleep registers are.</summary>
internal sealed class SleepRegisters
{
    /// <summary>Number of them.</summary>
    internal const uint Count = 3;

    private readonly ulong[] _bases = new ulong[Count];

    /// <summary>First byte of a register.</summary>
    internal ulong Base(uint register) => _bases[register];

    /// <summary>Notes it.</summary>
    internal void SetBase(uint register, ulong address) => _bases[register] = address;
}
