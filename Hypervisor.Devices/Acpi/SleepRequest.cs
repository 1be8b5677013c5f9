namespace Hypervisor.Devices.Acpi;

/// <summary>What a write to a sleep register asks for.</summary>
/// <param name="enters">Whether the bit that enters a state is among those written.</param>
/// <param name="type">The sleep type with it, 0 to 7.</param>
/// <param name="states">States of that type: more than one where the tables give several the same, none where no table names it.</param>
public readonly struct SleepRequest(bool enters, byte type, SleepStates states)
{
    /// <summary>Whether a state is entered.</summary>
    public bool Enters => enters;

    /// <summary>The sleep type.</summary>
    public byte Type => type;

    /// <summary>Which states it may be.</summary>
    public SleepStates States => states;
}
