using Hypervisor.Core.Cpu;

namespace Hypervisor.Core.Memory.Mtrr;

/// <summary>A variable-range register: IA32_MTRR_PHYSBASEn and IA32_MTRR_PHYSMASKn.</summary>
/// <remarks>Intel SDM vol 3 §11.11.2.3, figure 11-7; AMD APM vol 2 §7.7.2.</remarks>
/// <param name="physicalBase">IA32_MTRR_PHYSBASEn as the processor holds it.</param>
/// <param name="physicalMask">IA32_MTRR_PHYSMASKn as the processor holds it.</param>
public readonly struct VariableMtrr(ulong physicalBase, ulong physicalMask)
{
    private const ulong ValidBit = 1UL << 11;

    /// <summary>Bits 7:0 of the base: type.</summary>
    public MemoryType Type => MtrrTypes.Decode((byte)physicalBase);

    /// <summary>Bit 11 of the mask, V: the register counts.</summary>
    public bool Valid => (physicalMask & ValidBit) != 0;

    /// <summary>
    /// How much of a range it covers: an address is covered when it and the base agree in all bits of the mask. A mask may have holes (§11.11.3.1), and memory
    /// encryption leaves out the highest bits of an address, which are a key.
    /// </summary>
    /// <param name="address">First address, aligned to the size.</param>
    /// <param name="size">Bytes: a power of two, at least 4 KiB.</param>
    /// <param name="addressMask">Bits that base and mask have: 12 up to the physical address width.</param>
    public MtrrCoverage Cover(ulong address, ulong size, ulong addressMask)
    {
        ulong mask = physicalMask & addressMask;
        ulong inside = size - 1;
        if (((address ^ physicalBase) & mask & ~inside) != 0)
        {
            return MtrrCoverage.None;
        }

        return (mask & inside) == 0 ? MtrrCoverage.Whole : MtrrCoverage.Part;
    }
}
