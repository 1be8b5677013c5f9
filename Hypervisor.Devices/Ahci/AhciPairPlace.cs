namespace Hypervisor.Devices.Ahci;

/// <summary>Where the index/data pair is, through which all registers can be reached without their memory (AHCI 1.3.1 §2.4, §10.14).</summary>
/// <param name="value">Second dword of the Serial ATA capability (SATACR1).</param>
public readonly struct AhciPairPlace(uint value)
{
    /// <summary>ID of the Serial ATA capability.</summary>
    public const byte CapabilityId = 0x12;

    /// <summary>The second dword in the capability; the pair stands behind it where it is in configuration space.</summary>
    public const int PlaceOffset = 4;

    /// <summary>The index register, from the capability's beginning, where it is in configuration space.</summary>
    public const int ConfigurationIndex = 8;

    private const uint LocationMask = 0xF;
    private const uint FirstBar = 4;
    private const uint LastBar = 9;
    private const uint Configuration = 0xF;
    private const int OffsetShift = 4;
    private const uint OffsetMask = 0xF_FFFF;

    /// <summary>BARLOC: whether it is in configuration space.</summary>
    public bool IsInConfiguration => (value & LocationMask) == Configuration;

    /// <summary>Whether it is behind a base address register.</summary>
    public bool IsInBar => (value & LocationMask) is >= FirstBar and <= LastBar;

    /// <summary>Which: 0 to 5.</summary>
    public int Bar => (int)((value & LocationMask) - FirstBar);

    /// <summary>BAROFST: the index register's offset there, in bytes; data are four bytes behind it.</summary>
    public int Offset => (int)(value >> OffsetShift & OffsetMask) * sizeof(uint);
}
