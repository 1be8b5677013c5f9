using System;
using Hypervisor.Core.Cpu;
using Hypervisor.Core.Diagnostics;
using Hypervisor.Core.Guest.Decoding;
using Hypervisor.Core.Guest.Startup;
using Hypervisor.Core.Host;
using Hypervisor.Core.Memory;

namespace Hypervisor.Core.Guest.Exits;

/// <summary>Writes to the local APIC page while it is trapped.</summary>
public static unsafe class LocalApicPage
{
    private const ulong PageMask = PageSizes.Size4K - 1;

    /// <summary>Whether a guest-physical address lies in this processor's local APIC page.</summary>
    public static bool Contains(ProcessorData* processor, ulong address) =>
        (address & ~PageMask) == processor->ApicWindow.Page && processor->ApicWindow.Entry != 0;

    /// <summary>Completes a write, or lets it pass.</summary>
    public static ExitCause Write<TGuest>(ProcessorData* processor, ulong address)
        where TGuest : struct, IGuestProcessor
    {
        if (ApicTrap.ShouldDrop(processor))
        {
            ApicTrap.Set(processor, armed: false);
            TGuest.DropCommandTrap(processor);
            return ExitCause.LocalApic; // the instruction is executed again, and passes
        }

        uint offset = (uint)(address & PageMask);
        ulong* registers = (ulong*)&processor->Registers;
        if (TGuest.IsPlain64Bit(processor))
        {
            ulong rip = TGuest.Rip(processor);
            if ((rip & PageMask) <= PageSizes.Size4K - PlainMove.MaximumLength)
            {
                byte* code = InstructionFetch.Executed(processor->Machine->Window, TGuest.Cr3(processor), rip);
                PlainMove store = PlainMove.Decode(code, registers, rip);
                if (store.Length != 0 && store.IsStore && store.Size == sizeof(uint))
                {
                    Write(processor, offset, (uint)(store.Register < 0 ? store.Immediate : registers[store.Register]));
                    TGuest.Advance(processor, (uint)store.Length);
                    return ExitCause.LocalApic;
                }
            }
        }

        WriteAny<TGuest>(processor, offset);
        return ExitCause.LocalApic;
    }

    private static void WriteAny<TGuest>(ProcessorData* processor, uint offset)
        where TGuest : struct, IGuestProcessor
    {
        ulong* registers = (ulong*)&processor->Registers;
        CodeBytes code;
        int count = ReadCode<TGuest>(processor, code.Bytes);
        bool plain = MemoryInstruction.TryDecode(new ReadOnlySpan<byte>(code.Bytes, count), TGuest.Width(processor), out MemoryInstruction instruction)
            && instruction.Operation == MemoryOperation.Move && instruction.IsWrite && instruction.MemorySize == sizeof(uint);
        if (plain)
        {
            Write(processor, offset, instruction.Other == OtherOperand.Register ? (uint)registers[instruction.Register] : (uint)instruction.Immediate);
            TGuest.Advance(processor, (uint)instruction.Length);
        }
        else
        {
            WriteUnusually<TGuest>(processor, offset);
        }
    }

    private static void Write(ProcessorData* processor, uint offset, uint value)
    {
        ulong page = processor->ApicWindow.Page;
        switch (offset)
        {
            case LocalApic.InterruptCommandLow:
                uint high = Instructions.ReadMmio32(page + LocalApic.InterruptCommandHigh);
                if (!ProcessorStartup.Send(processor, InterruptCommand.FromXApic(value, high)))
                {
                    return;
                }

                break;
            case LocalApic.LogicalDestinationRegister:
                processor->ApicWindow.LogicalDestination = value;
                break;
            case LocalApic.DestinationFormatRegister:
                processor->ApicWindow.DestinationFormat = value;
                break;
        }

        Instructions.WriteMmio32(page + offset, value);
    }

    /// <summary>
    /// Not a 32-bit MOV. Architecturally only aligned 32-bit accesses are defined (AMD APM vol 2 §16.3.2, Intel SDM vol 3 §10.4.1); read-modify-write forms exist
    /// all the same. The guest executes them itself, unless they could send a command: then the write is dropped.
    /// </summary>
    private static void WriteUnusually<TGuest>(ProcessorData* processor, uint offset)
        where TGuest : struct, IGuestProcessor
    {
        const uint commandReach = 64; // the widest store begins this far before the register
        if (offset + commandReach > LocalApic.InterruptCommandLow && offset < LocalApic.InterruptCommandLow + sizeof(uint))
        {
            Log.Begin(LogLevel.Warning, processor->Index).Text("unusual write to the interrupt command register from "u8).Hex(TGuest.Rip(processor))
                .Text(" dropped"u8).End();
            CodeBytes code;
            int count = ReadCode<TGuest>(processor, code.Bytes);
            TGuest.Advance(processor, (uint)InstructionLength.Measure(new ReadOnlySpan<byte>(code.Bytes, count), TGuest.Width(processor)));
            return;
        }

        GuestDoors.OpenApicPage<TGuest>(processor);
    }

    private static int ReadCode<TGuest>(ProcessorData* processor, byte* bytes)
        where TGuest : struct, IGuestProcessor
    {
        PagingState state = TGuest.Paging(processor);
        return InstructionFetch.Read(in state, TGuest.LinearRip(processor), bytes);
    }
}
