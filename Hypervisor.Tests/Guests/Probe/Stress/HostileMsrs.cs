using System;
using Hypervisor.Guests.Probe.Execution;

namespace Hypervisor.Guests.Probe.Stress;

/// <summary>MSRs: any is read, and any is written but those on which the machine, or this program, lives.</summary>
internal static unsafe class HostileMsrs
{
    /// <summary>What a hypervisor has to refuse or to keep to itself, hit often: virtualisation, and what does not exist.</summary>
    private static ReadOnlySpan<uint> Favourites =>
    [
        0xC001_0114, 0xC001_0115, 0xC001_0116, 0xC001_0117, 0xC001_0118, 0x3A, 0x480, 0x482, 0x48B, 0x48F, 0x491, 0x493, 0x174, 0x175, 0x176,
        0xC000_0081, 0xC000_0082, 0xC000_0083, 0xC000_0084, 0xC000_0102, 0xC000_0103, 0xC001_0058, 0x79, 0xC001_0020, 0x4000_0000, 0xFFFF_FFFF,
    ];

    /// <summary>First and last of what is not written.</summary>
    private static ReadOnlySpan<uint> NotWritten =>
    [
        0x10, 0x10, // time-stamp counter: the firmware waits by it
        0x1B, 0x1B, // APIC base: moves or switches off the page this program uses
        0x3B, 0x3B, // TSC adjust, as the counter
        0x9B, 0x9E, // SMM monitor and SMBASE
        0x1A0, 0x1A0, // IA32_MISC_ENABLE: takes away NX, under which the firmware's tables were made
        0x1D9, 0x1D9, // debug control: single steps become steps by branches, traces go to memory
        0x200, 0x2FF, // MTRRs and PAT: caches off for good
        0x560, 0x58F, // processor trace: writes to memory
        0x600, 0x600, // debug store area: writes to memory
        0x6E0, 0x6E0, // TSC deadline: the local timer is the firmware's
        0x800, 0x8FF, // x2APIC: ICR, EOI and spurious vector, as in memory
        0xC000_0080, 0xC000_0080, // EFER: long mode ends
        0xC000_0100, 0xC000_0101, // FS and GS base: where the forms with a segment prefix would go
        0xC001_0010, 0xC001_0010, // SYSCFG: top of memory and encryption
        0xC001_0015, 0xC001_0015, // HWCR: SMI on exit, monitor, wrap of addresses
        0xC001_0016, 0xC001_001D, // IORRs and top of memory
        0xC001_0050, 0xC001_0056, // SMIs on I/O
        0xC001_0111, 0xC001_0113, // SMM base, address and mask
    ];

    /// <summary>Entry points of system calls, and the base that SWAPGS takes.</summary>
    private static ReadOnlySpan<uint> EntryPoints => [0x174, 0x175, 0x176, 0xC000_0081, 0xC000_0082, 0xC000_0083, 0xC000_0084, 0xC000_0102];

    /// <summary>One access.</summary>
    internal static void Step(ref RandomSequence random)
    {
        RunContext* context = HostileRun.Prepare();
        context->Rax = random.Next();
        context->Rdx = (random.Next() & 1) == 0 ? 0 : random.Next();
        context->RFlags = HostileRun.RandomFlags(ref random);
        uint number = Number(ref random);
        context->Rcx = number;
        if ((random.Next() & 1) == 0 && MayBeWritten(number))
        {
            HostileRun.Execute(context, [0x0F, 0x30]);
            return;
        }

        HostileRun.Execute(context, [0x0F, 0x32]);
    }

    /// <summary>Leaves behind nothing that later code could meet.</summary>
    internal static void Close()
    {
        foreach (uint number in EntryPoints)
        {
            RunContext* context = HostileRun.Prepare();
            context->Rcx = number;
            HostileRun.Execute(context, [0x0F, 0x30]);
        }
    }

    private static uint Number(ref RandomSequence random)
    {
        uint choice = random.Next();
        return (choice % 6) switch
        {
            0 or 1 => Favourites[(int)(random.Next() % (uint)Favourites.Length)],
            2 => random.Next() & 0x1FFF,
            3 => 0xC000_0000 | (random.Next() & 0x1FFF),
            4 => 0xC001_0000 | (random.Next() & 0x1FFF),
            _ => random.Next(),
        };
    }

    private static bool MayBeWritten(uint number)
    {
        for (int i = 0; i < NotWritten.Length; i += 2)
        {
            if (number >= NotWritten[i] && number <= NotWritten[i + 1])
            {
                return false;
            }
        }

        return true;
    }
}
