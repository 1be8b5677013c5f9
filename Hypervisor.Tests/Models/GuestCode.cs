using System;
using Hypervisor.Core.Svm;

namespace Hypervisor.Tests.Models;

/// <summary>Puts a processor of a simulated machine into a mode, with paging tables of its own and code at its RIP.</summary>
internal static unsafe class GuestCode
{
    internal const ulong Root = 0x10_0000;

    private const ulong TableBits = 7;

    private static ulong s_nextTable;

    /// <summary>64-bit mode, CPL 0, empty page tables; nothing traced.</summary>
    internal static void EnterLongMode(SimulatedMachine machine, int index = 0)
    {
        Vmcb* vmcb = machine.VmcbOf(index);
        vmcb->Cr0 = 0x8005_0033;
        vmcb->Cr3 = Root;
        vmcb->Cr4 = 0x620;
        vmcb->Efer = 0x1D01;
        vmcb->Cs.Attributes = 0xA9B;
        vmcb->Cs.Base = 0;
        vmcb->Cpl = 0;
        vmcb->RFlags = 0x202;
        vmcb->Rip = SimulatedMachine.GuestRip;
        ClearTables(machine);
    }

    /// <summary>Empty page tables.</summary>
    internal static void ClearTables(SimulatedMachine machine)
    {
        s_nextTable = Root + 0x1000;
        new Span<byte>(machine.Guest(Root), 0x10_0000).Clear();
    }

    /// <summary>32-bit protected mode without paging, flat.</summary>
    internal static void EnterProtectedMode(SimulatedMachine machine, int index = 0)
    {
        EnterLongMode(machine, index);
        Vmcb* vmcb = machine.VmcbOf(index);
        vmcb->Cr0 = 0x11;
        vmcb->Efer = 0x1000;
        vmcb->Cr4 = 0;
        vmcb->Cs.Attributes = 0xC9B;
    }

    /// <summary>Real mode with the given code segment.</summary>
    internal static void EnterRealMode(SimulatedMachine machine, ushort selector, int index = 0)
    {
        EnterProtectedMode(machine, index);
        Vmcb* vmcb = machine.VmcbOf(index);
        vmcb->Cr0 = 0x10;
        vmcb->Cs.Attributes = 0x9B;
        vmcb->Cs.Selector = selector;
        vmcb->Cs.Base = (ulong)selector << 4;
    }

    /// <summary>Maps a page of 64-bit mode. <paramref name="level"/>: 1 for 4 KiB, 2 for 2 MiB, 3 for 1 GiB.</summary>
    internal static void Map(SimulatedMachine machine, ulong linear, ulong physical, int level = 1, ulong flags = 7, int levels = 4)
    {
        ulong table = Root;
        for (int at = levels; ; at--)
        {
            ulong* entry = (ulong*)machine.Guest(table) + ((linear >> (3 + (9 * at))) & 511);
            if (at == level)
            {
                *entry = physical | flags | (level > 1 ? 0x80u : 0);
                return;
            }

            if (*entry == 0)
            {
                *entry = s_nextTable | TableBits;
                s_nextTable += 0x1000;
            }

            table = *entry & 0x000F_FFFF_FFFF_F000;
        }
    }

    /// <summary>64-bit mode with these bytes at RIP, on a page of their own.</summary>
    internal static void Write(SimulatedMachine machine, ReadOnlySpan<byte> code, int index = 0)
    {
        EnterLongMode(machine, index);
        Place(machine, machine.VmcbOf(index)->Rip, code);
    }

    /// <summary>Maps two pages of 64-bit mode with these bytes at <paramref name="rip"/>.</summary>
    internal static void Place(SimulatedMachine machine, ulong rip, ReadOnlySpan<byte> code)
    {
        const ulong memory = 0x40_0000;
        Map(machine, rip, memory);
        Map(machine, rip + 0x1000, memory + 0x1000);
        code.CopyTo(new Span<byte>(machine.Guest(memory + (rip & 0xFFF)), code.Length));
    }
}
