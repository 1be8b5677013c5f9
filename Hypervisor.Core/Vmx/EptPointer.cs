using Hypervisor.Core.Cpu;

namespace Hypervisor.Core.Vmx;

/// <summary>The extended-page-table pointer.</summary>
/// <remarks>Intel SDM vol 3 §24.6.11, table 24-9.</remarks>
/// <param name="value">The field as it is in the VMCS.</param>
public readonly struct EptPointer(ulong value)
{
    private const int WalkLengthShift = 3;
    private const ulong FourLevels = 4 - 1;
    private const ulong TypeMask = 7;
    private const ulong WalkLengthMask = 7;
    private const ulong AccessedDirtyBit = 1UL << 6;
    private const ulong SupervisorShadowStacksBit = 1UL << 7;
    private const ulong RootMask = 0x000F_FFFF_FFFF_F000;
    private const ulong ReservedMask = 0xFFF0_0000_0000_0F00;

    /// <summary>A pointer to four levels of tables that the processor reads as write-back memory, without accessed and dirty flags.</summary>
    /// <param name="root">Physical address of the root table.</param>
    public static EptPointer FourLevel(ulong root) => new(root | (FourLevels << WalkLengthShift) | (ulong)MemoryType.WriteBack);

    /// <summary>The field.</summary>
    public ulong Value => value;

    /// <summary>Physical address of the root table.</summary>
    public ulong Root => value & RootMask;

    /// <summary>Memory type by which the processor reads the tables.</summary>
    public MemoryType TableType => (MemoryType)(value & TypeMask);

    /// <summary>Number of levels of tables.</summary>
    public int Levels => (int)((value >> WalkLengthShift) & WalkLengthMask) + 1;

    /// <summary>Whether the processor sets accessed and dirty flags.</summary>
    public bool AccessedDirty => (value & AccessedDirtyBit) != 0;

    /// <summary>Whether pages of supervisor shadow stacks are told apart.</summary>
    public bool SupervisorShadowStacks => (value & SupervisorShadowStacksBit) != 0;

    /// <summary>Whether a bit is set that no processor has.</summary>
    public bool HasReservedBits => (value & ReservedMask) != 0;
}
