namespace Hypervisor.Core.Cpu;

/// <summary>IA32_PAT, MSR 0x277: eight memory types that page-table entries choose from.</summary>
/// <remarks>Intel SDM vol 3 §11.12; AMD APM vol 2 §7.8.</remarks>
/// <param name="value">The register as the processor holds it: eight bytes, the memory type in bits 2:0 of each.</param>
public readonly struct PatMsr(ulong value)
{
    /// <summary>The value after reset (not after INIT): WB, WT, UC-, UC, and the same again.</summary>
    public const ulong AfterReset = 0x0007_0406_0007_0406;

    private const ulong ReservedMask = 0xF8F8_F8F8_F8F8_F8F8;

    /// <summary>The register as the processor holds it, all 64 bits.</summary>
    public ulong Value => value;

    /// <summary>WRMSR takes this value: every entry is 0, 1, 4, 5, 6 or 7 (SDM vol 3 §11.12.4).</summary>
    public bool IsValid
    {
        get
        {
            if ((value & ReservedMask) != 0)
            {
                return false;
            }

            for (int index = 0; index < 8; index++)
            {
                MemoryType type = this[index];
                if (type is not (MemoryType.Uncacheable or MemoryType.WriteCombining) && type < MemoryType.WriteThrough)
                {
                    return false;
                }
            }

            return true;
        }
    }

    /// <summary>The memory type of one entry.</summary>
    /// <param name="index">0 to 7: PAT, PCD and PWT of the page-table entry as bits 2, 1 and 0.</param>
    public MemoryType this[int index] => (MemoryType)(byte)((value >> (index * 8)) & 7);
}
