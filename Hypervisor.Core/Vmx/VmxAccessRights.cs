using Hypervisor.Core.Cpu;

namespace Hypervisor.Core.Vmx;

/// <summary>Access rights of a segment register as the VMCS holds them.</summary>
/// <remarks>Intel SDM vol 3 §24.4.1, table 24-2. <see cref="SegmentAttributes"/> is the same without the gap and without "unusable".</remarks>
/// <param name="value">The field.</param>
public readonly struct VmxAccessRights(uint value)
{
    /// <summary>What every segment register of a virtual-8086 guest must have: present, DPL 3, read/write data, accessed (§26.3.1.2).</summary>
    public const uint Virtual8086 = 0xF3;

    /// <summary>What a null selector leaves behind: unusable, and nothing else.</summary>
    public const uint Null = UnusableBit;

    private const uint UnusableBit = 1u << 16;
    private const uint ReservedMask = 0xFFFE_0F00;
    private const uint LowMask = 0xFF;
    private const uint HighMask = 0xF00;
    private const int HighShift = 4;

    /// <summary>The field.</summary>
    public uint Value => value;

    /// <summary>The segment register holds nothing: a null selector was loaded.</summary>
    public bool Unusable => (value & UnusableBit) != 0;

    /// <summary>A bit is set that has no meaning.</summary>
    public bool HasReservedBits => (value & ReservedMask) != 0;

    /// <summary>Type, privilege and size.</summary>
    public SegmentAttributes Attributes => new((ushort)((value & LowMask) | ((value >> HighShift) & HighMask)));
}
