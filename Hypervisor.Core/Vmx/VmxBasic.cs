using Hypervisor.Core.Cpu;

namespace Hypervisor.Core.Vmx;

/// <summary>IA32_VMX_BASIC, MSR 0x480.</summary>
/// <remarks>Intel SDM vol 3 appendix A.1.</remarks>
/// <param name="value">The MSR as the processor holds it.</param>
public readonly struct VmxBasic(ulong value)
{
    private const ulong RevisionMask = 0x7FFF_FFFF;
    private const int RegionSizeShift = 32;
    private const ulong RegionSizeMask = 0x1FFF;
    private const ulong AddressLimitBit = 1UL << 48;
    private const int MemoryTypeShift = 50;
    private const ulong MemoryTypeMask = 0xF;
    private const ulong StringInformationBit = 1UL << 54;
    private const ulong TrueControlsBit = 1UL << 55;
    private const ulong ErrorCodeOptionalBit = 1UL << 56;

    /// <summary>The MSR as the processor holds it.</summary>
    public ulong Value => value;

    /// <summary>Bits 30:0: what the first word of a VMXON region and of a VMCS must be.</summary>
    public uint Revision => (uint)(value & RevisionMask);

    /// <summary>Bits 44:32: bytes of a VMXON region and of a VMCS, at most 4096.</summary>
    public uint RegionSize => (uint)((value >> RegionSizeShift) & RegionSizeMask);

    /// <summary>Bit 48: VMX structures must lie below 4 GiB. 0 wherever there is long mode.</summary>
    public bool LimitedTo32Bits => (value & AddressLimitBit) != 0;

    /// <summary>Bits 53:50: memory type by which the processor reads VMX structures.</summary>
    public MemoryType MemoryType => (MemoryType)((value >> MemoryTypeShift) & MemoryTypeMask);

    /// <summary>Bit 54: exits by INS and OUTS come with instruction information.</summary>
    public bool StringInformation => (value & StringInformationBit) != 0;

    /// <summary>Bit 55: the TRUE capability MSRs exist, and some controls that used to be 1 may be 0.</summary>
    public bool TrueControls => (value & TrueControlsBit) != 0;

    /// <summary>Bit 56: a hardware exception may be injected with or without an error code, whatever its vector.</summary>
    public bool ErrorCodeOptional => (value & ErrorCodeOptionalBit) != 0;
}
