using System.Collections.Generic;
using Hypervisor.Core.Cpu;

namespace Hypervisor.Tests.Models;

/// <summary>What CPUID answers. Leaves not named answer with a pattern of their own, so that a change to one of them is seen.</summary>
internal sealed class CpuidTable
{
    private readonly Dictionary<(uint Leaf, uint Subleaf), CpuidResult> _leaves = [];

    /// <summary>Like an EPYC: everything SVM has, VAES, PKU and XSAVE on.</summary>
    internal static CpuidTable Epyc(int addressBits = 48)
    {
        CpuidTable table = new();
        table.Set(0, 0, 0x10, 0x6874_7541, 0x444D_4163, 0x6974_6E65);
        table.Set(1, 0, 0x00A2_0F12, 0x0010_0800, 0x7EFA_320B | (1u << 27), 0x178B_FBFF);
        table.Set(7, 0, 1, 0xF1BF_97A9, 0x0040_5FCE | (1u << 4), 0x10);
        table.Set(7, 1, 0x20, 0, 0, 0);
        table.Set(0x8000_0000, 0, 0x8000_0028, 0x6874_7541, 0x444D_4163, 0x6974_6E65);
        table.Set(0x8000_0001, 0, 0x00A2_0F12, 0x4000_0000, 0x75C2_37FF, 0x2FD3_FBFF | (1u << 26) | (1u << 20));
        table.Set(0x8000_0008, 0, 0x3000u | (uint)addressBits, 0x791E_F257 & ~(1u << 8), 0x400C, 0x1_0007);
        table.Set(0x8000_000A, 0, 1, 0x8000, 0, 0x1EFB_FCFF);
        table.Set(0x8000_0021, 0, 0x62FC_CFCF & ~(1u << 7), 0x15C, 0, 0);
        return table;
    }

    /// <summary>Like QEMU's processor: nested paging, no next RIP, no decode assists.</summary>
    internal static CpuidTable Tcg(int addressBits = 40)
    {
        CpuidTable table = new();
        table.Set(0, 0, 0xD, 0x6874_7541, 0x444D_4163, 0x6974_6E65);
        table.Set(1, 0, 0x0080_0F12, 0x0001_0800, 0xFED8_3203 & ~(1u << 27), 0x078B_FBFD);
        table.Set(7, 0, 0, 0x209C_01A9, 0, 0);
        table.Set(0x8000_0000, 0, 0x8000_001F, 0x6874_7541, 0x444D_4163, 0x6974_6E65);
        table.Set(0x8000_0001, 0, 0x0080_0F12, 0, 0x0000_03F7 | (1u << 2), 0x2FD3_FBFD | (1u << 26) | (1u << 20));
        table.Set(0x8000_0008, 0, 0x3000u | (uint)addressBits, 0, 0, 0);
        table.Set(0x8000_000A, 0, 1, 0x10, 0, 1);
        return table;
    }

    internal void Set(uint leaf, uint subleaf, uint eax, uint ebx, uint ecx, uint edx) =>
        _leaves[(leaf, subleaf)] = new CpuidResult { Eax = eax, Ebx = ebx, Ecx = ecx, Edx = edx };

    internal CpuidResult Get(uint leaf, uint subleaf)
    {
        if (_leaves.TryGetValue((leaf, subleaf), out CpuidResult result))
        {
            return result;
        }

        uint pattern = (leaf * 0x9E37_79B9) ^ (subleaf * 0x85EB_CA6B);
        return new CpuidResult { Eax = pattern, Ebx = ~pattern, Ecx = pattern ^ 0x5555_5555, Edx = pattern ^ 0xFFFF_0000 };
    }
}
