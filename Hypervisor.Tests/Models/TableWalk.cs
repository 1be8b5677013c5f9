using System.Collections.Generic;

namespace Hypervisor.Tests.Models;

/// <summary>Every mapping of a four-level tree, with the rights of all levels together, read without the code under test.</summary>
internal static unsafe class TableWalk
{
    internal readonly record struct Mapping(ulong Linear, ulong Size, ulong Physical, bool Writable, bool Executable, bool User)
    {
        internal ulong End => Linear + Size;
    }

    /// <summary>All leaves, in the order of their addresses; bit 47 is extended.</summary>
    internal static IEnumerable<Mapping> All(ulong root) => Walk(root, 4, 0, true, true, true, 0, 512);

    /// <summary>The leaves of the lower half.</summary>
    internal static IEnumerable<Mapping> Lower(ulong root) => Walk(root, 4, 0, true, true, true, 0, 256);

    /// <summary>The leaf that maps an address; null where there is none.</summary>
    internal static Mapping? Find(ulong root, ulong address)
    {
        ulong table = root;
        bool writable = true;
        bool executable = true;
        bool user = true;
        for (int level = 4; ; level--)
        {
            ulong entry = ((ulong*)table)[(address >> (3 + (9 * level))) & 511];
            if ((entry & 1) == 0)
            {
                return null;
            }

            writable &= (entry & 2) != 0;
            user &= (entry & 4) != 0;
            executable &= entry >> 63 == 0;
            ulong size = 1ul << (3 + (9 * level));
            if (level == 1 || (entry & 0x80) != 0)
            {
                return new Mapping(address & ~(size - 1), size, entry & 0x000F_FFFF_FFFF_F000 & ~(size - 1), writable, executable, user);
            }

            table = entry & 0x000F_FFFF_FFFF_F000;
        }
    }

    private static IEnumerable<Mapping> Walk(ulong table, int level, ulong linear, bool writable, bool executable, bool user, int first, int last)
    {
        ulong size = 1ul << (3 + (9 * level));
        for (int i = first; i < last; i++)
        {
            ulong entry = Entry(table, i);
            if ((entry & 1) == 0)
            {
                continue;
            }

            ulong at = linear + ((ulong)i * size);
            at = at >> 47 == 1 ? at | 0xFFFF_0000_0000_0000 : at;
            bool write = writable && (entry & 2) != 0;
            bool execute = executable && entry >> 63 == 0;
            bool forUser = user && (entry & 4) != 0;
            if (level == 1 || (level < 4 && (entry & 0x80) != 0))
            {
                yield return new Mapping(at, size, entry & 0x000F_FFFF_FFFF_F000 & ~(size - 1), write, execute, forUser);
                continue;
            }

            foreach (Mapping mapping in Walk(entry & 0x000F_FFFF_FFFF_F000, level - 1, at, write, execute, forUser, 0, 512))
            {
                yield return mapping;
            }
        }
    }

    private static ulong Entry(ulong table, int index) => ((ulong*)table)[index];
}
