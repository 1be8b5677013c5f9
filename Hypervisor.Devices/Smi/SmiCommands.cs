namespace Hypervisor.Devices.Smi;

/// <summary>Which values of the SMI command port are allowed whatever the policy says: a set of all 256.</summary>
public sealed class SmiCommands
{
    private const int Values = 256;

    private readonly bool[] _allowed = new bool[Values];

    /// <summary>Allows a value.</summary>
    public void Allow(byte value) => _allowed[value] = true;

    /// <summary>Allows a value the firmware names in the FADT, where 0 stands for "not supported" (ACPI 6.5 §5.2.9).</summary>
    public void AllowUnlessZero(byte value) => _allowed[value] |= value != 0;

    /// <summary>Whether a value is allowed.</summary>
    public bool IsAllowed(byte value) => _allowed[value];
}
