using System;
using Hypervisor.Core.Memory;

namespace Hypervisor.Tests.Unit.Memory;

/// <summary> A second page walk, written from the tables of Intel SDM vol 3 chapter 4 alone: one level after the other, bit by bit, without
/// the types of the product and without regard for speed.
/// </summary>
internal static class ReferenceWalk
{
    public sealed record Machine(
        bool Pg, bool Wp, bool Pse, bool Pae, bool La57, bool Smep, bool Smap, bool Nxe, bool Lma, bool Ac,
        int Cpl, int Width, bool Gib, ulong Cr3);

    public sealed record Answer(bool Ok, ulong Address, ulong Size, uint Code);

    public static Answer Walk(Machine m, ulong linear, PageAccess access, Func<ulong, ulong> read64, Func<ulong, uint> read32)
    {
        bool write = access == PageAccess.Write || access == PageAccess.SystemWrite;
        bool fetch = access == PageAccess.Fetch;
        bool system = access == PageAccess.SystemRead || access == PageAccess.SystemWrite;
        bool userMode = m.Cpl == 3 && !system;
        uint code = 0;
        if (write)
        {
            code |= 2;
        }

        if (userMode)
        {
            code |= 4;
        }

        if (fetch && (m.Smep || (m.Pae && m.Nxe)))
        {
            code |= 16;
        }

        Answer notPresent = new(false, 0, 0, code);
        Answer reservedBit = new(false, 0, 0, code | 1 | 8);
        Answer denied = new(false, 0, 0, code | 1);

        if (!m.Lma || !m.Pg)
        {
            linear %= 1UL << 32;
        }

        if (!m.Pg)
        {
            return new Answer(true, linear, 1UL << 32, 0);
        }

        bool writable = true;
        bool user = true;
        bool executable = true;
        ulong address;
        ulong size;

        if (!m.Pae)
        {
            // §4.3: 10 + 10 + 12 bits.
            uint pde = read32(Bits(m.Cr3, 31, 12) + (Field(linear, 31, 22) * 4));
            if (!Bit(pde, 0))
            {
                return notPresent;
            }

            writable &= Bit(pde, 1);
            user &= Bit(pde, 2);
            if (m.Pse && Bit(pde, 7))
            {
                // Table 4-4, M = min(40, MAXPHYADDR): bits (M-20):13 are address bits (M-1):32, bits 21:(M-19) are reserved.
                int top = Math.Min(40, m.Width);
                for (int bit = top - 19; bit <= 21; bit++)
                {
                    if (Bit(pde, bit))
                    {
                        return reservedBit;
                    }
                }

                address = Bits(pde, 31, 22) | Bits(linear, 21, 0);
                for (int bit = 32; bit < top; bit++)
                {
                    if (Bit(pde, bit - 19))
                    {
                        address |= 1UL << bit;
                    }
                }

                size = 4 << 20;
            }
            else
            {
                uint pte = read32(Bits(pde, 31, 12) + (Field(linear, 21, 12) * 4));
                if (!Bit(pte, 0))
                {
                    return notPresent;
                }

                writable &= Bit(pte, 1);
                user &= Bit(pte, 2);
                address = Bits(pte, 31, 12) | Bits(linear, 11, 0);
                size = 4 << 10;
            }
        }
        else
        {
            ulong table;
            int level;
            if (!m.Lma)
            {
                // §4.4: PDPTE, table 4-8.
                ulong pdpte = read64(Bits(m.Cr3, 31, 5) + (Field(linear, 31, 30) * 8));
                if (!Bit(pdpte, 0))
                {
                    return notPresent;
                }

                if (Field(pdpte, 2, 1) != 0 || Field(pdpte, 8, 5) != 0 || (pdpte >> m.Width) != 0)
                {
                    return reservedBit;
                }

                table = Bits(pdpte, 51, 12);
                level = 2;
            }
            else
            {
                table = Bits(m.Cr3, 51, 12);
                level = m.La57 ? 5 : 4;
            }

            while (true)
            {
                int low = 12 + (9 * (level - 1));
                ulong entry = read64(table + (Field(linear, low + 8, low) * 8));
                if (!Bit(entry, 0))
                {
                    return notPresent;
                }

                bool isPage = level == 1 || Bit(entry, 7);
                bool bad = Bit(entry, 63) && !m.Nxe;
                for (int bit = m.Width; bit < 52; bit++)
                {
                    bad |= Bit(entry, bit);
                }

                if (!m.Lma)
                {
                    bad |= Field(entry, 62, 52) != 0;
                }

                if (isPage && level >= 4)
                {
                    bad = true;
                }

                if (isPage && level == 3)
                {
                    bad |= !m.Gib || Field(entry, 29, 13) != 0;
                }

                if (isPage && level == 2)
                {
                    bad |= Field(entry, 20, 13) != 0;
                }

                if (bad)
                {
                    return reservedBit;
                }

                writable &= Bit(entry, 1);
                user &= Bit(entry, 2);
                executable &= !Bit(entry, 63);
                if (isPage)
                {
                    address = Bits(entry, 51, low) | Bits(linear, low - 1, 0);
                    size = 1UL << low;
                    break;
                }

                table = Bits(entry, 51, 12);
                level--;
            }
        }

        return Permitted(m, access, userMode, system, writable, user, executable) ? new Answer(true, address, size, 0) : denied;
    }

    /// <summary>§4.6.1, paragraph by paragraph.</summary>
    private static bool Permitted(
        Machine m, PageAccess access, bool userMode, bool system, bool writable, bool userAddress, bool executable)
    {
        bool write = access == PageAccess.Write || access == PageAccess.SystemWrite;
        if (!userMode)
        {
            if (access == PageAccess.Fetch)
            {
                if (!userAddress)
                {
                    return executable;
                }

                return !m.Smep && executable;
            }

            if (!userAddress)
            {
                return !write || !m.Wp || writable;
            }

            if (m.Smap)
            {
                bool excused = m.Ac && !system;
                if (!excused)
                {
                    return false;
                }
            }

            return !write || !m.Wp || writable;
        }

        if (!userAddress)
        {
            return false;
        }

        if (access == PageAccess.Fetch)
        {
            return executable;
        }

        return !write || writable;
    }

    private static bool Bit(ulong value, int bit) => ((value >> bit) & 1) == 1;

    private static ulong Field(ulong value, int high, int low) => (value >> low) & ((1UL << (high - low + 1)) - 1);

    private static ulong Bits(ulong value, int high, int low) => Field(value, high, low) << low;
}
