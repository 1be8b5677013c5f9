using System;
using Hypervisor.Core.Cpu;
using Hypervisor.Guests.Probe.Execution;
using Hypervisor.Guests.Probe.Layout;

namespace Hypervisor.Guests.Probe.Stress;

/// <summary>
/// Interrupt commands: to an APIC that does not exist anything at all, to this processor interrupts and NMIs, to the others also INIT and start-up. Left out are INIT to
/// this processor, SMI to any, which firmware need not have a handler for, and vectors below 32 to this one, which look like exceptions.
/// </summary>
internal static unsafe class HostileCommands
{
    private const uint Nobody = 0xF0u << 24;
    private const uint ShorthandBits = 3u << 18;
    private const uint LogicalBit = 1u << 11;
    private const uint Others = 3u << 18;
    private const uint Everybody = 2u << 18;
    private const uint Self = 1u << 18;
    private const uint Assert = 1u << 14;
    private const uint LevelBits = 3u << 14;
    private const int DeliveryShift = 8;
    private const uint NmiDelivery = 4;
    private const uint InitDelivery = 5;
    private const uint StartupDelivery = 6;
    private const uint FirstVector = 0x50;
    private const uint VectorCount = 0xA0;
    private const int SettleRounds = 20_000;
    private const ulong NmiWait = 100;
    private const ulong Below640K = 0xA_0000;
    private const int PageSize = 4096;
    private const int Handler = 0xFF0;
    private const int LastHalt = 0xFDF;
    private const int SlotSize = 4;
    private const int RealModeShift = 4;
    private const int SavedBytes = 0x80; // the vectors of exceptions and of the NMI in real mode
    private const byte Halt = 0xF4;

    private static byte* s_code;

    /// <summary>The other processors wait to be started. QEMU has an NMI wake them, at the reset vector: they execute the firmware from its beginning, which ends the machine, bare as well.</summary>
    private static bool s_awaitsStart;
    private static Saved s_saved;

    private struct Saved
    {
        public fixed byte LowMemory[SavedBytes];
    }

    /// <summary>Takes memory for what the other processors execute, while the firmware can still be asked.</summary>
    internal static bool Allocate()
    {
        s_code = ProbeMemory.Allocate(1, Below640K);
        return s_code != null;
    }

    /// <summary>Takes the other processors away from the firmware, which starts them anew whenever it needs them, and has them halt in real mode.</summary>
    internal static void Open()
    {
        // HLT for ever: wherever in the page it goes on, it stays there. The stack is in the page too, what else is in low memory is the firmware's.
        Span<byte> page = new(s_code, PageSize);
        page.Fill(Halt);
        ((ReadOnlySpan<byte>)[0xFA, 0x8C, 0xC8, 0x8E, 0xD0, 0xBC, 0x00, 0x10]).CopyTo(page); // CLI, MOV AX, CS, MOV SS, AX, MOV SP, 1000h
        page[Handler] = 0xCF; // IRET
        ((ReadOnlySpan<byte>)[0xE9, 0x25, 0xF0]).CopyTo(page.Slice(LastHalt + 1)); // JMP 8
        fixed (Saved* saved = &s_saved)
        {
            for (int i = 0; i < SavedBytes; i++)
            {
                saved->LowMemory[i] = LowMemory()[i];
            }
        }

        for (int slot = 0; slot < SavedBytes; slot += SlotSize)
        {
            *(ushort*)(LowMemory() + slot) = Handler;
            *(ushort*)(LowMemory() + slot + sizeof(ushort)) = (ushort)((ulong)s_code >> RealModeShift);
        }

        // Where zeros read as a branch's target lead; nobody divides by zero in real mode.
        LowMemory()[0] = 0xCD;
        LowMemory()[1] = ProbeVectors.Done;
        ToOthers(InitDelivery, 0);
        ToOthers(StartupDelivery, StartupVector);
    }

    /// <summary>Leaves the other processors waiting to be started, and takes what is pending.</summary>
    internal static void Close()
    {
        ToOthers(InitDelivery, 0);
        do
        {
            HostileRun.Prepare()->RFlags |= 1 << 9;
            HostileRun.Execute(Runner.Context, [0x90, 0x90]);
        }
        while (Runner.Events->Count != 0);
        fixed (Saved* saved = &s_saved)
        {
            for (int i = 0; i < SavedBytes; i++)
            {
                LowMemory()[i] = saved->LowMemory[i];
            }
        }
    }

    /// <summary>One command.</summary>
    internal static void Step(ref RandomSequence random)
    {
        switch (random.Next() & 7)
        {
            case 0:
                ApicAccess.Write(LocalApic.InterruptCommandHigh, random.Next());
                ApicAccess.Write(LocalApic.InterruptCommandLow, ((random.Next() & 1) == 0 ? Self : Everybody) | Assert | Vector(ref random));
                break;
            case 1:
                SendNmiToSelf();
                break;
            case 2 or 3:
                ToOthers(ref random);
                break;
            default:
                ToNobody(ref random);
                break;
        }
    }

    private static uint StartupVector => (uint)((ulong)s_code >> 12);

    private static uint Vector(ref RandomSequence random) => FirstVector + (random.Next() % VectorCount);

    private static byte* LowMemory() => (byte*)0;

    private static void ToOthers(uint delivery, uint vector)
    {
        ApicAccess.Write(LocalApic.InterruptCommandLow, Others | Assert | (delivery << DeliveryShift) | vector);
        for (int i = 0; i < SettleRounds; i++)
        {
            Instructions.Pause();
        }
    }

    /// <summary>
    /// Fixed and lowest-priority interrupts, NMI, INIT with any level and trigger, and start-up where there is something to execute: to all others, or to one by its number, which need not be there
    /// (this processor's is 0).
    /// </summary>
    private static void ToOthers(ref RandomSequence random)
    {
        uint number = (random.Next() & 1) == 0 ? 0 : 1 + (random.Next() & 3);
        uint delivery = (random.Next() % 6) switch
        {
            0 => 0u,
            1 => 1u,
            2 => s_awaitsStart ? StartupDelivery : NmiDelivery,
            3 => InitDelivery,
            _ => StartupDelivery,
        };
        s_awaitsStart |= delivery == InitDelivery;
        s_awaitsStart &= delivery != StartupDelivery || number > 1;
        uint command = delivery << DeliveryShift;
        command |= delivery == StartupDelivery ? StartupVector : delivery < 2 ? Vector(ref random) : random.Next() & 0xFF;
        command |= delivery == InitDelivery ? random.Next() & LevelBits : Assert;
        if (number != 0)
        {
            ApicAccess.Write(LocalApic.InterruptCommandHigh, number << 24);
        }

        ApicAccess.Write(LocalApic.InterruptCommandLow, number != 0 ? command : Others | command);
    }

    private static void SendNmiToSelf()
    {
        RunContext* context = Runner.Prepare(SnippetName.SendAndWait);
        context->Rax = ApicAccess.NmiCommand;
        context->Rcx = ApicAccess.Read(LocalApic.IdRegister);
        context->Rdi = ApicAccess.Page;
        context->R8 = NmiWait;
        Runner.NmiAction = NmiAction.Count;
        Runner.Run();
    }

    /// <summary>Any command, INIT and SMI among them, of any width and alignment.</summary>
    private static void ToNobody(ref RandomSequence random)
    {
        ApicAccess.Write(LocalApic.InterruptCommandHigh, Nobody);
        uint command = random.Next() & ~(ShorthandBits | LogicalBit);
        ApicAccess.Write(LocalApic.InterruptCommandLow, command);
        if ((random.Next() & 3) != 0 || !HostileTargets.HasLenientApic)
        {
            return;
        }

        // Also what reads and writes, and wider than the register: its upper half is the command again, since emulators let it write the register too.
        RunContext* context = HostileRun.Prepare();
        context->Rdi = ApicAccess.Page + LocalApic.InterruptCommandLow;
        context->Rax = ((ulong)command << 32) | command;
        context->RFlags = HostileRun.RandomFlags(ref random);
        ReadOnlySpan<byte> code = (random.Next() % 9) switch
        {
            0 => [0x88, 0x07],
            1 => [0x66, 0x89, 0x07],
            2 => [0x87, 0x07],
            3 => [0x09, 0x07],
            4 => [0xF0, 0x21, 0x07],
            5 => [0xAB],
            6 => [0x48, 0x89, 0x07],
            7 => [0x0F, 0xC3, 0x07],
            _ => [0xF0, 0x0F, 0xB1, 0x07],
        };
        HostileRun.Execute(context, code);
    }
}
