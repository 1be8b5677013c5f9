using System.Collections.Generic;
using Hypervisor.Core.Cpu;

namespace Hypervisor.Tests.Models;

/// <summary>The entries of extended page tables, read as Intel SDM vol 3 §28.2 says, without the code under test.</summary>
internal static unsafe class EptWalk
{
    private const ulong AddressMask = 0x000F_FFFF_FFFF_F000;

    internal readonly record struct Mapping(ulong Guest, ulong Size, ulong Physical, uint Rights, MemoryType Type, bool IgnoresPat)
    {
        internal ulong End => Guest + Size;
    }

    /// <summary>All pages, in the order of their addresses. A misconfigured entry throws.</summary>
    /// <param name="root">The root table.</param>
    /// <param name="addressBits">Width of physical addresses.</param>
    internal static IEnumerable<Mapping> All(ulong root, int addressBits) => Walk(root, 4, 0, addressBits);

    /// <summary>The page at an address.</summary>
    internal static Mapping Find(ulong root, ulong address, int addressBits)
    {
        ulong table = root;
        for (int level = 4; ; level--)
        {
            ulong entry = ((ulong*)table)[(address >> Shift(level)) & 511];
            Check(entry, level, addressBits);
            if ((entry & 7) == 0)
            {
                throw new HostDefectException($"{address:X} is not mapped");
            }

            if (IsPage(entry, level))
            {
                return Page(entry, level, address & ~((1ul << Shift(level)) - 1));
            }

            table = entry & AddressMask;
        }
    }

    private static IEnumerable<Mapping> Walk(ulong table, int level, ulong guest, int addressBits)
    {
        for (int i = 0; i < 512; i++)
        {
            ulong entry = Entry(table, i);
            Check(entry, level, addressBits);
            ulong at = guest + ((ulong)i << Shift(level));
            if ((entry & 7) == 0)
            {
                continue;
            }

            if (IsPage(entry, level))
            {
                yield return Page(entry, level, at);
                continue;
            }

            foreach (Mapping mapping in Walk(entry & AddressMask, level - 1, at, addressBits))
            {
                yield return mapping;
            }
        }
    }

    private static Mapping Page(ulong entry, int level, ulong guest) =>
        new(guest, 1ul << Shift(level), entry & AddressMask, (uint)(entry & 7), (MemoryType)((entry >> 3) & 7), (entry & 0x40) != 0);

    private static bool IsPage(ulong entry, int level) => level == 1 || (level < 4 && (entry & 0x80) != 0);

    /// <summary>EPT misconfigurations: Intel SDM vol 3 §28.2.3.1.</summary>
    private static void Check(ulong entry, int level, int addressBits)
    {
        ulong rights = entry & 7;
        if (rights == 0)
        {
            return;
        }

        Require(rights is not (2 or 6), "write without read", entry);
        Require(rights != 4, "execute alone, which not every processor has", entry);
        Require((entry & AddressMask) >> addressBits == 0, "address beyond the processor's width", entry);
        if (IsPage(entry, level))
        {
            Require(((entry >> 3) & 7) is 0 or 1 or 4 or 5 or 6, "reserved memory type", entry);
            Require((entry & AddressMask & ((1ul << Shift(level)) - 1)) == 0, "address of a large page not aligned", entry);
        }
        else
        {
            Require((entry & (level == 4 ? 0xF8ul : 0x78ul)) == 0, "reserved bits of an entry that points to a table", entry);
        }

        // Bits that mean something only with controls that are never set must be 0 all the same: 57 to 61 and 63.
        Require(entry >> 57 == 0, "high bits", entry);
    }

    private static void Require(bool condition, string problem, ulong entry)
    {
        if (!condition)
        {
            throw new HostDefectException($"EPT misconfiguration: {problem}: {entry:X16}");
        }
    }

    private static int Shift(int level) => 3 + (9 * level);

    private static ulong Entry(ulong table, int index) => ((ulong*)table)[index];
}
