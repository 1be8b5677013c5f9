using Hypervisor.Core.Cpu;

namespace Hypervisor.Core.Memory.Mtrr;

/// <summary>Where the fixed-range registers keep the type of an address below 1 MiB.</summary>
/// <remarks>Intel SDM vol 3 §11.11.2.2, table 11-9; AMD APM vol 2 §7.7.2, table 7-8.</remarks>
public static class FixedMtrrs
{
    /// <summary>Number of registers: one for 64 KiB ranges, two for 16 KiB, eight for 4 KiB.</summary>
    public const int Count = 11;

    /// <summary>First address that they do not cover.</summary>
    public const ulong End = 0x10_0000;

    private const int RangesPerRegister = sizeof(ulong);
    private const ulong First16K = 0x8_0000;
    private const ulong First4K = 0xC_0000;
    private const int Shift64K = 16;
    private const int Shift16K = 14;
    private const int Shift4K = 12;
    private const int Ranges64K = RangesPerRegister;
    private const int Ranges16K = 2 * RangesPerRegister;
    private const int Register16K = 1;
    private const int Register4K = 3;

    /// <summary>MSR number of a register.</summary>
    public static uint Number(int register) => register switch
    {
        < Register16K => Msr.MtrrFixed64K00000,
        < Register4K => Msr.MtrrFixed16K80000 + (uint)(register - Register16K),
        _ => Msr.MtrrFixed4KC0000 + (uint)(register - Register4K),
    };

    /// <summary>Which byte of the registers, one behind the other, holds the type of an address.</summary>
    public static int Index(ulong address) => address switch
    {
        < First16K => (int)(address >> Shift64K),
        < First4K => Ranges64K + (int)((address - First16K) >> Shift16K),
        _ => Ranges64K + Ranges16K + (int)((address - First4K) >> Shift4K),
    };
}
